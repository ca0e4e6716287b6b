output "alarm_names" {
  description = "Names of all alarms."
  value = sort(concat(
    values(aws_cloudwatch_metric_alarm.datasets)[*].alarm_name,
    values(aws_cloudwatch_metric_alarm.dead_letters)[*].alarm_name,
    values(aws_cloudwatch_metric_alarm.executions)[*].alarm_name,
    values(aws_cloudwatch_metric_alarm.freshness)[*].alarm_name,
  ))
}

output "dashboard_names" {
  description = "Name of the dashboard of each state machine, by the machine's short name."
  value       = { for machine, dashboard in aws_cloudwatch_dashboard.this : machine => dashboard.dashboard_name }
}

output "log_group_names" {
  description = "Names of the log groups that this module makes."
  value       = keys(aws_cloudwatch_log_group.this)
}

output "opt_outs" {
  description = "What is switched off, and why."
  value = merge(
    { for name, o in var.opt_out : name => o.reason },
    { for machine, m in var.state_machines : machine => { for name, o in m.opt_out : name => o.reason } if length(m.opt_out) > 0 },
  )
}

output "topic_arn" {
  description = "ARN of the topic that tells of failures."
  value       = aws_sns_topic.failures.arn
}
