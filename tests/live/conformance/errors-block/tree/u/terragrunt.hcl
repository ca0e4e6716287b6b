include "base" {
  path           = "../base.hcl"
  merge_strategy = "deep"
}

locals {
  quiet = true
}

errors {
  ignore "known" {
    ignorable_errors = [".*known.*", "!.*unknown.*"]
    message          = "a known ${local.quiet ? "quiet" : "loud"} fault"
    signals = {
      alert = false
      level = true
    }
  }
}

exclude {
  if                   = local.quiet
  actions              = ["apply", "destroy"]
  exclude_dependencies = true
}

inputs = {
  a = 1
}
