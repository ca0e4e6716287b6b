output "topic_arn" {
  description = "ARN of the topic that tells of failures."
  value       = aws_sns_topic.failures.arn
}
