locals {
  tags = { component = "stepfunctions" }
}

resource "aws_sfn_state_machine" "pipeline" {
  name       = format(local.name, "pipeline")
  type       = "STANDARD"
  role_arn   = var.role_arn
  definition = local.definition
  publish    = true
  tags       = local.tags

  logging_configuration {
    include_execution_data = var.log_level == "ALL"
    level                  = var.log_level
    log_destination        = "${aws_cloudwatch_log_group.pipeline.arn}:*"
  }

  tracing_configuration {
    enabled = !contains(keys(var.opt_out), "tracing")
  }
}

resource "aws_sfn_alias" "pipeline" {
  name        = var.alias
  description = "The newest version of ${format(local.name, "pipeline")}"

  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.pipeline.state_machine_version_arn
    weight                    = 100
  }
}

# One row per object: who works on it, which version was last worked on, how it ended. The rows are the ledger of
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

resource "aws_cloudwatch_log_group" "pipeline" {
  # The prefix keeps the resource policy of log delivery short: AWS covers it with one statement.
  name              = "/aws/vendedlogs/states/${format(local.name, "pipeline")}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}
