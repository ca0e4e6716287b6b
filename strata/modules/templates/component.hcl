# Say here what the component is for, and what has to come before it.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["NAME"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//NAME" : "${local.env.modules}/NAME?ref=NAME/${local.version}"
}

dependency "s3" {
  config_path = "../s3"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "show", "graph", "providers", "render"]
  mock_outputs = {
    kms_key_arn = "arn:aws:kms:eu-west-1:000000000000:key/00000000-0000-0000-0000-000000000000"
  }
}

inputs = {
  kms_key_arn    = dependency.s3.outputs.kms_key_arn
  retention_days = local.env.retention_days.logs
}
