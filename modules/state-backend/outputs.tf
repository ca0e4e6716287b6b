output "bucket_name" {
  description = "Name of the bucket that holds every unit's state."
  value       = aws_s3_bucket.state.bucket
}

output "lock_table_name" {
  description = "Name of the table that holds the locks."
  value       = aws_dynamodb_table.lock.name
}
