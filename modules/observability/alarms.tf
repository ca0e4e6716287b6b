locals {
  executions = {
    ExecutionsAborted  = "An execution was aborted"
    ExecutionsFailed   = "An execution failed"
    ExecutionsTimedOut = "An execution ran out of time; its claim is taken over by the next event of the object"
    ExecutionThrottled = "Executions are throttled; nothing is lost, but objects wait"
  }
  queues = setunion(var.dead_letter_queues, ["glue-failures-dlq"])
}

resource "aws_cloudwatch_metric_alarm" "executions" {
  for_each = local.executions

  alarm_name          = format(local.name, "${var.state_machine}-${each.key}")
  alarm_description   = each.value
  namespace           = "AWS/States"
  metric_name         = each.key
  dimensions          = { StateMachineArn = local.machine_arn }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.failures.arn]
  tags                = local.tags
}

# No data is no success, so missing data is breaching: a pipeline that nobody feeds looks the same as a broken one.
resource "aws_cloudwatch_metric_alarm" "freshness" {
  count = contains(keys(var.opt_out), "freshness") ? 0 : 1

  alarm_name          = format(local.name, "${var.state_machine}-stale")
  alarm_description   = "No execution succeeded for ${var.freshness_hours} hours: data is missing, or does not come through"
  namespace           = "AWS/States"
  metric_name         = "ExecutionsSucceeded"
  dimensions          = { StateMachineArn = local.machine_arn }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.freshness_hours
  datapoints_to_alarm = var.freshness_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.failures.arn]
  ok_actions          = [aws_sns_topic.failures.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = local.queues

  alarm_name          = format(local.name, each.key)
  alarm_description   = "Something in ${format(local.name, each.key)} could not be delivered"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = format(local.name, each.key) }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.failures.arn]
  tags                = local.tags
}

# Before 1.0.0 one queue was watched.
moved {
  from = aws_cloudwatch_metric_alarm.dead_letters
  to   = aws_cloudwatch_metric_alarm.dead_letters["raw-objects-dlq"]
}
