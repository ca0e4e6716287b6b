resource "aws_cloudwatch_metric_alarm" "executions" {
  for_each = {
    ExecutionsAborted  = "An execution was aborted"
    ExecutionsFailed   = "An execution failed"
    ExecutionsTimedOut = "An execution ran out of time; its claim is taken over by the next event of the object"
    ExecutionThrottled = "Executions are throttled; nothing is lost, but objects wait"
  }

  alarm_name          = format(local.name, "pipeline-${each.key}")
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

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = format(local.name, "raw-objects-dlq")
  alarm_description   = "Events of raw objects could not be delivered to the pipeline"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = format(local.name, "raw-objects-dlq") }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.failures.arn]
  tags                = local.tags
}

# A run that somebody started by hand, or stopped, fails no execution.
resource "aws_cloudwatch_event_rule" "glue_failures" {
  name        = format(local.name, "glue-failures")
  description = "A run of a job of the pipeline did not succeed"
  tags        = local.tags

  event_pattern = jsonencode({
    source      = ["aws.glue"]
    detail-type = ["Glue Job State Change"]
    detail = {
      jobName = sort([for job in var.jobs : format(local.name, job)])
      state   = ["ERROR", "FAILED", "STOPPED", "TIMEOUT"]
    }
  })
}

resource "aws_cloudwatch_event_target" "glue_failures" {
  rule      = aws_cloudwatch_event_rule.glue_failures.name
  target_id = "failures"
  arn       = aws_sns_topic.failures.arn
}
