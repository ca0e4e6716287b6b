# Root of every unit: backend, provider and what all modules are told. Nothing here is about one environment; what is
# stands in live/<env>/env.hcl, and what is about one component in live/_components/<component>.hcl.

locals {
  env       = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  component = basename(get_terragrunt_dir())

  name = "${local.env.project}-%s-${local.env.env}"

  # The Snowflake components use no AWS resource; their own provider is in their component file.
  uses_aws = !startswith(local.component, "snowflake")

  # Strata's embedded cloud. Endpoints and credentials come from the AWS_* variables that it sets.
  is_local = get_env("STRATA_LOCAL", "") != ""
  local_backend = {
    skip_bucket_enforced_tls    = true
    skip_bucket_root_access     = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
    use_path_style              = true
  }
}

remote_state {
  backend = "s3"

  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }

  config = merge(
    {
      bucket       = "${format(local.name, "tfstate")}-${local.env.account_id}"
      key          = "${path_relative_to_include()}/terraform.tfstate"
      region       = local.env.region
      encrypt      = true
      use_lockfile = true
    },
    # The table beside the lock file, until nobody needs it: state.lock_table in env.hcl.
    { for k, v in { dynamodb_table = format(local.name, "tflock") } : k => v if local.env.state.lock_table },
    { for k, v in local.local_backend : k => v if local.is_local },
  )
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  disable   = !local.uses_aws
  # A wrong profile must not change another account. One configuration for all components of an environment: the
  # component is a tag that its module sets.
  contents = <<-EOF
    provider "aws" {
      region              = "${local.env.region}"
      allowed_account_ids = ["${local.env.account_id}"]

      default_tags {
        tags = ${jsonencode({ environment = local.env.env, managed_by = "terraform", project = local.env.project })}
      }
    }
  EOF
}

# The only thing here that knows of the embedded cloud.
generate "strata_local" {
  path      = "strata_override.tf"
  if_exists = "overwrite_terragrunt"
  disable   = !(local.is_local && local.uses_aws)
  contents  = <<-EOF
    provider "aws" {
      s3_use_path_style       = true
      skip_metadata_api_check = true
    }
  EOF
}

inputs = {
  context = {
    account_id  = local.env.account_id
    environment = local.env.env
    partition   = local.env.partition
    project     = local.env.project
    region      = local.env.region
  }
}
