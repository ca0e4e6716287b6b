output "database_name" {
  description = "Name of the catalog database."
  value       = aws_glue_catalog_database.this.name
}

output "job_arns" {
  description = "ARN of each job by its short name."
  value       = { for name in keys(aws_glue_job.this) : name => format(local.arn, "glue", "job/${format(local.name, name)}") }
}

output "job_names" {
  description = "Full name of each job by its short name."
  value       = { for name, job in aws_glue_job.this : name => job.name }
}

output "log_group_names" {
  description = "Log groups of the jobs: what they print (output) and what Spark says (error)."
  value       = { for name, group in aws_cloudwatch_log_group.this : name => group.name }
}

output "table_names" {
  description = "Names of the catalog's tables."
  value       = keys(aws_glue_catalog_table.this)
}
