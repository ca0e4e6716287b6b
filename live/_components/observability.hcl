# Who is told when something fails. Everything watched is known by name, so nothing comes before.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["observability"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//observability" : "${local.env.modules}/observability?ref=observability/${local.version}"
}

inputs = {
  dead_letter_queues = ["raw-deletions-dlq", "raw-objects-dlq"]
  jobs               = ["clean", "curate", "remove"]
  state_machines = {
    pipeline  = {}
    reprocess = { opt_out = { freshness = { reason = "It runs when somebody starts it" } } }
  }
  subscribers        = local.env.subscribers
}
