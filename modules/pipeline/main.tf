locals {
  tags = { component = "pipeline" }
}

module "machine" {
  source  = "../stepfunctions"
  context = var.context

  alias              = var.alias
  definition         = local.definition
  kms_key_arn        = var.kms_key_arn
  log_level          = var.log_level
  log_retention_days = var.log_retention_days
  name               = "pipeline"
  opt_out            = { for default, o in var.opt_out : default => o if default != "point_in_time_recovery" }
  role_arn           = var.role_arn
}

# One row per object: its execution, the version that was last worked on, and how it ended. The rows are the ledger of
# what was processed, so they do not expire; a newer version of a key replaces the key's row.
resource "aws_dynamodb_table" "claims" {
  name         = format(local.name, "claims")
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "object_id"
  tags         = local.tags

  attribute {
    name = "object_id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = !contains(keys(var.opt_out), "point_in_time_recovery")
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}
