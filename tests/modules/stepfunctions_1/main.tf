# What modules/stepfunctions 1.0.1 made, with its addresses and names; the definition is shorter.

variable "context" {
  type = object({ account_id = string, environment = string, project = string, region = string })
}

variable "kms_key_arn" {
  type = string
}

variable "role_arn" {
  type = string
}

locals {
  tags = { component = "stepfunctions" }
}

resource "aws_sfn_state_machine" "pipeline" {
  name       = "strata-pipeline-test"
  type       = "STANDARD"
  role_arn   = var.role_arn
  definition = jsonencode({ StartAt = "Clean", States = { Clean = { Comment = "${var.context.region}", Type = "Succeed" } } })
  publish    = true
  tags       = local.tags

  logging_configuration {
    include_execution_data = false
    level                  = "ERROR"
    log_destination        = "${aws_cloudwatch_log_group.pipeline.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }
}

resource "aws_sfn_alias" "pipeline" {
  name        = "live"
  description = "The newest version of strata-pipeline-test"

  routing_configuration {
    state_machine_version_arn = aws_sfn_state_machine.pipeline.state_machine_version_arn
    weight                    = 100
  }
}

resource "aws_dynamodb_table" "claims" {
  name         = "strata-claims-test"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "object_id"
  tags         = local.tags

  attribute {
    name = "object_id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

resource "aws_cloudwatch_log_group" "pipeline" {
  name              = "/aws/vendedlogs/states/strata-pipeline-test"
  retention_in_days = 30
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}
