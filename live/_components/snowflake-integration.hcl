# Snowflake's side of the trust between Snowflake and the processed bucket; iam is the other side.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["snowflake-integration"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//snowflake-integration" : "${local.env.modules}/snowflake-integration?ref=snowflake-integration/${local.version}"
}

generate "snowflake_provider" {
  path      = "snowflake_provider.tf"
  if_exists = "overwrite_terragrunt"
  # How to log in comes from SNOWFLAKE_* variables; production: SNOWFLAKE_AUTHENTICATOR=WORKLOAD_IDENTITY.
  contents = <<-EOF
    provider "snowflake" {
      organization_name = "${local.env.snowflake.organization}"
      account_name      = "${local.env.snowflake.account}"
    }
  EOF
}

inputs = {
  allowed     = { processed = ["curated/"] }
  external_id = "${local.env.project}-${local.env.env}-${local.env.account_id}"
}
