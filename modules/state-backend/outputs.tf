output "access_log_bucket_name" {
  description = "Name of the bucket that says who read and wrote states; null where that is opted out."
  value       = one(aws_s3_bucket.logs[*].bucket)
}

output "bucket_name" {
  description = "Name of the bucket that holds every unit's state."
  value       = aws_s3_bucket.state.bucket
}

output "lock_table_name" {
  description = "Name of the table that holds the locks beside the bucket; null without one."
  value       = one(aws_dynamodb_table.lock[*].name)
}

output "opt_outs" {
  description = "What is switched off, and why."
  value       = { for name, o in var.opt_out : name => o.reason }
}
