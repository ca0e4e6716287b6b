locals {
  arn_of_machine = format(local.arn, "states", "stateMachine:${local.machine}")
  machine        = format(local.name, var.name)
  tags           = { component = "stepfunctions" }
}

resource "aws_sfn_state_machine" "this" {
  name     = local.machine
  type     = "STANDARD"
  role_arn = var.role_arn
  # Decoded and encoded again: the plan refuses what is not JSON, and layout is not a change.
  definition = jsonencode(jsondecode(var.definition))
  publish    = true
  tags       = local.tags

  logging_configuration {
    include_execution_data = var.log_level == "ALL"
    level                  = var.log_level
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = !contains(keys(var.opt_out), "tracing")
  }
}

resource "aws_sfn_alias" "this" {
  name        = var.alias
  description = var.alias_version == null ? "The newest version of ${local.machine}" : "Version ${var.alias_version} of ${local.machine}"

  routing_configuration {
    state_machine_version_arn = var.alias_version == null ? aws_sfn_state_machine.this.state_machine_version_arn : "${local.arn_of_machine}:${var.alias_version}"
    weight                    = 100
  }
}

resource "aws_cloudwatch_log_group" "this" {
  # The prefix keeps the resource policy of log delivery short: AWS covers it with one statement.
  name              = "/aws/vendedlogs/states/${local.machine}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}
