# Before 1.0.0 one queue was watched.
moved {
  from = aws_cloudwatch_metric_alarm.dead_letters
  to   = aws_cloudwatch_metric_alarm.dead_letters["raw-objects-dlq"]
}

# Before 2.0.0 one state machine was watched, by default `pipeline`, and there was always a job.
moved {
  from = aws_cloudwatch_metric_alarm.executions["ExecutionThrottled"]
  to   = aws_cloudwatch_metric_alarm.executions["pipeline/ExecutionThrottled"]
}

moved {
  from = aws_cloudwatch_metric_alarm.executions["ExecutionsAborted"]
  to   = aws_cloudwatch_metric_alarm.executions["pipeline/ExecutionsAborted"]
}

moved {
  from = aws_cloudwatch_metric_alarm.executions["ExecutionsFailed"]
  to   = aws_cloudwatch_metric_alarm.executions["pipeline/ExecutionsFailed"]
}

moved {
  from = aws_cloudwatch_metric_alarm.executions["ExecutionsTimedOut"]
  to   = aws_cloudwatch_metric_alarm.executions["pipeline/ExecutionsTimedOut"]
}

moved {
  from = aws_cloudwatch_metric_alarm.freshness[0]
  to   = aws_cloudwatch_metric_alarm.freshness["pipeline"]
}

moved {
  from = aws_cloudwatch_dashboard.pipeline
  to   = aws_cloudwatch_dashboard.this["pipeline"]
}

moved {
  from = aws_cloudwatch_event_rule.glue_failures
  to   = aws_cloudwatch_event_rule.glue_failures[0]
}

moved {
  from = aws_cloudwatch_event_target.glue_failures
  to   = aws_cloudwatch_event_target.glue_failures[0]
}

moved {
  from = aws_sqs_queue.glue_failures
  to   = aws_sqs_queue.glue_failures[0]
}
