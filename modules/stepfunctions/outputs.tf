output "claims_table_name" {
  description = "Name of the table of claims."
  value       = aws_dynamodb_table.claims.name
}

output "state_machine_arn" {
  description = "ARN of the pipeline's state machine."
  value       = aws_sfn_state_machine.pipeline.arn
}
