# The state machine and its claims. AWS assumes the role when the machine is made, so iam comes before.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["pipeline"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//pipeline" : "${local.env.modules}/pipeline?ref=pipeline/${local.version}"
}

dependency "iam" {
  config_path = "../iam"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "show", "graph", "providers", "render"]
  mock_outputs = {
    role_arns = {
      eventbridge   = "arn:aws:iam::000000000000:role/mock-eventbridge"
      glue          = "arn:aws:iam::000000000000:role/mock-glue"
      lambda        = "arn:aws:iam::000000000000:role/mock-lambda"
      reprocess     = "arn:aws:iam::000000000000:role/mock-reprocess"
      stepfunctions = "arn:aws:iam::000000000000:role/mock-stepfunctions"
    }
  }
}

dependency "s3" {
  config_path = "../s3"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "show", "graph", "providers", "render"]
  mock_outputs = {
    bucket_names = { artifacts = "mock-artifacts-000000000000", processed = "mock-processed-000000000000" }
    kms_key_arn  = "arn:aws:kms:eu-west-1:000000000000:key/00000000-0000-0000-0000-000000000000"
  }
}

inputs = {
  await_seconds      = local.env.pipeline.await_seconds
  kms_key_arn        = dependency.s3.outputs.kms_key_arn
  log_level          = local.env.pipeline.log_level
  log_retention_days = local.env.retention_days.logs
  role_arn           = dependency.iam.outputs.role_arns.stepfunctions

  jobs = { role_arn = dependency.iam.outputs.role_arns.stepfunctions }

  # As many objects at once as the jobs may have runs: more would wait for them.
  reprocess = {
    max_concurrency = local.env.glue.max_concurrent_runs
    role_arn        = dependency.iam.outputs.role_arns.reprocess
  }
}
