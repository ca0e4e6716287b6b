output "external_id" {
  description = "External id that the role has to ask for."
  value       = snowflake_storage_integration_aws.processed.describe_output[0].external_id
}

output "name" {
  description = "Name of the storage integration."
  value       = snowflake_storage_integration_aws.processed.name
}

output "user_arn" {
  description = "IAM user of the Snowflake account, which the role has to trust."
  value       = snowflake_storage_integration_aws.processed.describe_output[0].iam_user_arn
}
