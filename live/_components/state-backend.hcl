# Bucket and lock table of the state. The bootstrap makes both before any unit can run; the unit adopts them.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["state-backend"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//state-backend" : "${local.env.modules}/state-backend?ref=state-backend/${local.version}"
}

# A destroy of the environment leaves the bucket that all its states are in.
exclude {
  if      = true
  actions = ["destroy"]
}

generate "imports" {
  path      = "imports.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-EOF
    import {
      to = aws_s3_bucket.state
      id = "${local.env.project}-tfstate-${local.env.env}-${local.env.account_id}"
    }

    %{if local.env.state.lock_table}
    import {
      to = aws_dynamodb_table.lock[0]
      id = "${local.env.project}-tflock-${local.env.env}"
    }
    %{endif}
  EOF
}

inputs = {
  lock_table = local.env.state.lock_table

  retention = { access_log_days = local.env.retention_days.access_logs }
}
