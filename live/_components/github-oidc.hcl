# How GitHub Actions logs in: a role to plan with, a role to apply with.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["github-oidc"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//github-oidc" : "${local.env.modules}/github-oidc?ref=github-oidc/${local.version}"
}

inputs = {
  github = merge(local.env.github, { apply_environment = local.env.env })
}
