output "alias_arn" {
  description = "ARN of the alias, which stands for the newest published version."
  value       = module.machine.alias_arn
}

output "claims_table_name" {
  description = "Name of the table of claims."
  value       = aws_dynamodb_table.claims.name
}

output "jobs_state_machine_arn" {
  description = "ARN of the machine that runs jobs for whole tables; null if there is none."
  value       = one(module.jobs[*].state_machine_arn)
}

output "opt_outs" {
  description = "Security defaults that are switched off, and why."
  value       = { for default, o in var.opt_out : default => o.reason }
}

output "reprocess_state_machine_arn" {
  description = "ARN of the machine that processes objects again; null if there is none."
  value       = one(module.reprocess[*].state_machine_arn)
}

output "state_machine_arn" {
  description = "ARN of the pipeline's state machine."
  value       = module.machine.state_machine_arn
}
