# The rule that starts the pipeline. Bucket and state machine are known by name; only the role has to exist.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["eventbridge"]

  datasets = read_terragrunt_config("${get_repo_root()}/live/datasets.hcl").locals.tables
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//eventbridge" : "${local.env.modules}/eventbridge?ref=eventbridge/${local.version}"
}

dependency "iam" {
  config_path = "../iam"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "show", "graph", "providers", "render"]
  mock_outputs = {
    role_arns = {
      eventbridge   = "arn:aws:iam::000000000000:role/mock-eventbridge"
      glue          = "arn:aws:iam::000000000000:role/mock-glue"
      lambda        = "arn:aws:iam::000000000000:role/mock-lambda"
      stepfunctions = "arn:aws:iam::000000000000:role/mock-stepfunctions"
    }
  }
}

inputs = {
  role_arn = dependency.iam.outputs.role_arns.eventbridge

  rules = {
    raw-objects = {
      archive_days  = local.env.retention_days.logs
      description   = "An object arrived in raw"
      pattern       = { bucket = "raw", key_prefixes = [for name in keys(local.datasets) : "${name}/"], key_suffix = ".csv" }
      state_machine = "pipeline"
    }
  }
}
