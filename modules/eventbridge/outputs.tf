output "dead_letter_queue_name" {
  description = "Name of the queue of undelivered events."
  value       = aws_sqs_queue.dead_letters.name
}

output "rule_name" {
  description = "Name of the rule."
  value       = aws_cloudwatch_event_rule.raw_objects.name
}
