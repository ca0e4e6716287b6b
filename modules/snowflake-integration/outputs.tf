output "external_id" {
  description = "External id that the role has to ask for."
  value       = snowflake_storage_integration_aws.this.describe_output[0].external_id
}

output "name" {
  description = "Name of the storage integration."
  value       = snowflake_storage_integration_aws.this.name
}

output "role_arn" {
  description = "ARN of the role that Snowflake assumes, known before the role is made."
  value       = format(local.role_arn, var.role)
}

output "user_arn" {
  description = "IAM user of the Snowflake account, which the role has to trust."
  value       = snowflake_storage_integration_aws.this.describe_output[0].iam_user_arn
}
