# The environment's buckets, who may touch what in them (D16), and its key.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["s3"]
  role    = "arn:${local.env.partition}:iam::${local.env.account_id}:role/${local.env.project}-%s-${local.env.env}"

  deployers = concat([format(local.role, "apply")], local.env.administrators)
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//s3" : "${local.env.modules}/s3?ref=s3/${local.version}"
}

inputs = {
  disposable     = local.env.disposable
  administrators = concat([format(local.role, "plan")], local.deployers)

  buckets = {
    artifacts = {
      noncurrent_days = local.env.retention_days.noncurrent
      access = {
        read  = merge({ (format(local.role, "glue")) = ["glue/*"] }, { for arn in concat([format(local.role, "plan")], local.deployers) : arn => ["*"] })
        write = { for arn in local.deployers : arn => ["*"] }
      }
    }
    logs = {
      receives_access_logs = true
      expire_days          = local.env.retention_days.access_logs
      noncurrent_days      = local.env.retention_days.noncurrent
    }
    processed = {
      opt_out = {
        versioning = { reason = "Snowflake's external tables do not support versioned objects; every object is made again from raw" }
      }
      # A run removes its working copy, and the copies of runs that were killed before it; this is for the last one.
      lifecycle_rules = { work = { prefix = "work/", expire_days = 1 } }
      access = {
        read = merge(
          {
            (format(local.role, "glue"))      = ["*"]
            (format(local.role, "lambda"))    = ["reports/*"]
            (format(local.role, "snowflake")) = ["curated/*"]
          },
          { for arn in local.env.inspectors : arn => ["*"] },
        )
        write = { (format(local.role, "glue")) = ["*"] }
      }
    }
    raw = {
      events          = true
      noncurrent_days = local.env.retention_days.noncurrent
      access = {
        # The state machine lists reference files and versions; its role reads no object.
        read  = { (format(local.role, "glue")) = ["*"], (format(local.role, "stepfunctions")) = ["reference/*"] }
        write = { for arn in local.env.producers : arn => ["*"] }
      }
    }
  }
}
