output "alias_arn" {
  description = "ARN of the alias."
  value       = "${local.arn_of_machine}:${aws_sfn_alias.this.name}"
}

output "log_group_name" {
  description = "Name of the log group of the executions."
  value       = aws_cloudwatch_log_group.this.name
}

output "opt_outs" {
  description = "Security defaults that are switched off, and why."
  value       = { for default, o in var.opt_out : default => o.reason }
}

output "state_machine_arn" {
  description = "ARN of the state machine."
  value       = aws_sfn_state_machine.this.arn
}
