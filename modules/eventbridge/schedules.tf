# Rules that the clock sets off.

resource "aws_cloudwatch_event_rule" "schedule" {
  for_each = var.schedules

  name                = format(local.name, each.key)
  description         = each.value.description
  schedule_expression = each.value.expression
  state               = each.value.enabled ? "ENABLED" : "DISABLED"
  tags                = local.tags
}

resource "aws_cloudwatch_event_target" "schedule" {
  for_each = var.schedules

  rule      = aws_cloudwatch_event_rule.schedule[each.key].name
  target_id = each.value.state_machine
  arn       = format(local.arn, "states", "stateMachine:${format(local.name, each.value.state_machine)}")
  role_arn  = var.role_arn
  input     = jsonencode(jsondecode(each.value.input))

  retry_policy {
    maximum_event_age_in_seconds = each.value.retry.max_age_seconds
    maximum_retry_attempts       = each.value.retry.max_attempts
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters[each.key].arn
  }
}
