locals {
  outcomes = {
    ExecutionsAborted  = "was aborted"
    ExecutionsFailed   = "failed"
    ExecutionsTimedOut = "ran out of time"
    ExecutionThrottled = "was throttled: nothing is lost, but it waits"
  }
  executions = merge([
    for machine in keys(var.state_machines) : {
      for metric, outcome in local.outcomes : "${machine}/${metric}" => { machine = machine, metric = metric, outcome = outcome }
    }
  ]...)
  queues = setunion(var.dead_letter_queues, local.watches_jobs ? ["glue-failures-dlq"] : [])
}

resource "aws_cloudwatch_metric_alarm" "executions" {
  for_each = local.executions

  alarm_name          = format(local.name, "${each.value.machine}-${each.value.metric}")
  alarm_description   = "An execution of ${format(local.name, each.value.machine)} ${each.value.outcome}"
  namespace           = "AWS/States"
  metric_name         = each.value.metric
  dimensions          = { StateMachineArn = local.machine_arns[each.value.machine] }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.failures.arn]
  tags                = local.tags
}

# Missing data is breaching: a machine that is never started looks the same as a broken one.
resource "aws_cloudwatch_metric_alarm" "freshness" {
  for_each = { for machine, m in var.state_machines : machine => m.freshness_hours if !contains(keys(m.opt_out), "freshness") }

  alarm_name          = format(local.name, "${each.key}-stale")
  alarm_description   = "No execution of ${format(local.name, each.key)} succeeded for ${each.value} hours: data is missing, or does not come through"
  namespace           = "AWS/States"
  metric_name         = "ExecutionsSucceeded"
  dimensions          = { StateMachineArn = local.machine_arns[each.key] }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = each.value
  datapoints_to_alarm = each.value
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.failures.arn]
  ok_actions          = [aws_sns_topic.failures.arn]
  tags                = local.tags
}

# By rows, not by executions: those of one data set hide that another's files do not come.
resource "aws_cloudwatch_metric_alarm" "datasets" {
  for_each = var.datasets

  alarm_name          = format(local.name, "stale-${each.key}")
  alarm_description   = "No new rows of ${each.key} for ${each.value.freshness_hours} hours, which its contract promises"
  namespace           = "${var.context.project}/${var.context.environment}"
  metric_name         = "RowsCurated"
  dimensions          = { DataSet = each.key }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = each.value.freshness_hours
  datapoints_to_alarm = each.value.freshness_hours
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
