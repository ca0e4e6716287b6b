output "archive_names" {
  description = "Name of the archive of each rule that has one, by the rule's short name."
  value       = { for name, archive in aws_cloudwatch_event_archive.this : name => archive.name }
}

output "dead_letter_queue_names" {
  description = "Name of the queue of undelivered events of each rule and schedule, by its short name."
  value       = { for name, queue in aws_sqs_queue.dead_letters : name => queue.name }
}

output "opt_outs" {
  description = "Security defaults that are switched off, and why."
  value       = { for name, r in merge(var.rules, var.schedules) : name => { for default, o in r.opt_out : default => o.reason } if length(r.opt_out) > 0 }
}

output "rule_names" {
  description = "Full name of each rule and schedule by its short name."
  value       = { for name, rule in merge(aws_cloudwatch_event_rule.this, aws_cloudwatch_event_rule.schedule) : name => rule.name }
}
