# Who is told when something fails. Everything watched is known by name, so nothing comes before.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["observability"]

  datasets = read_terragrunt_config("${get_repo_root()}/live/datasets.hcl").locals
  jobs     = read_terragrunt_config("${get_repo_root()}/live/jobs.hcl").locals
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//observability" : "${local.env.modules}/observability?ref=observability/${local.version}"
}

inputs = {
  datasets           = { for name, hours in local.datasets.freshness : name => { freshness_hours = hours } }
  dead_letter_queues = [for rule in concat(keys(local.jobs.tables), ["raw-deletions", "raw-objects"]) : "${rule}-dlq"]
  jobs               = local.jobs.all
  state_machines = {
    # By their schedules once a day at least.
    jobs      = { freshness_hours = 26 }
    pipeline  = {}
    reprocess = { opt_out = { freshness = { reason = "It runs when somebody starts it" } } }
  }
  subscribers        = local.env.subscribers
}
