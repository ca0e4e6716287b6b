locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["store"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//store" : "${local.env.modules}/store?ref=store/${local.version}"
}

inputs = {
  retention_days = local.env.retention_days.noncurrent
  labels         = { team = "data" }

  buckets = {
    raw       = { expire_days = 30 }
    processed = {}
  }
}
