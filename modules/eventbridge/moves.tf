# Before 1.0.0 the module knew one rule.

moved {
  from = aws_cloudwatch_event_rule.raw_objects
  to   = aws_cloudwatch_event_rule.this["raw-objects"]
}

moved {
  from = aws_cloudwatch_event_target.pipeline
  to   = aws_cloudwatch_event_target.this["raw-objects"]
}

moved {
  from = aws_sqs_queue.dead_letters
  to   = aws_sqs_queue.dead_letters["raw-objects"]
}
