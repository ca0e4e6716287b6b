# The roles of the pipeline's services. It waits for the integration only, to trust the user that Snowflake names.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["iam"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//iam" : "${local.env.modules}/iam?ref=iam/${local.version}"
}

dependency "snowflake-integration" {
  config_path = "../snowflake-integration"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "show", "graph", "providers", "render"]
  mock_outputs = {
    external_id = "mock-000000000000"
    user_arn    = "arn:aws:iam::000000000000:user/mock"
  }
}

inputs = {
  functions = ["reconcile", "refresh"]
  jobs      = ["clean", "curate"]
  snowflake_trust = {
    external_id = dependency.snowflake-integration.outputs.external_id
    user_arn    = dependency.snowflake-integration.outputs.user_arn
  }
}
