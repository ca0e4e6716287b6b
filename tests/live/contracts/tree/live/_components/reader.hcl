locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["reader"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//reader" : "${local.env.modules}/reader?ref=reader/${local.version}"
}

dependency "store" {
  config_path = "../store"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan"]
  mock_outputs = {
    bucket_names = { raw = "mock-raw-000000000000" }
    key_arn      = "arn:aws:kms:eu-west-1:000000000000:key/mock"
  }
}

inputs = {
  bucket  = dependency.store.outputs.bucket_names.raw
  key_arn = dependency.store.outputs.key_arn
  workers = local.env.glue.number_of_workers
}
