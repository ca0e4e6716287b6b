locals {
  env = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
}

remote_state {
  backend = "s3"
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
  config = {
    bucket = "${local.env.project}-tfstate-${local.env.env}-${local.env.account_id}"
    key    = "${path_relative_to_include()}/terraform.tfstate"
    region = local.env.region
  }
}

inputs = {
  context = {
    account_id  = local.env.account_id
    environment = local.env.env
    project     = local.env.project
    region      = local.env.region
  }
}
