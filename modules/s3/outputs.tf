output "bucket_names" {
  description = "Full name of each bucket by its short name."
  value       = { for name, bucket in aws_s3_bucket.this : name => bucket.bucket }
  # Whoever is given the name finds the bucket encrypted and its policy in place.
  depends_on = [aws_s3_bucket_policy.this, aws_s3_bucket_server_side_encryption_configuration.this]
}

output "kms_key_arn" {
  description = "ARN of the environment's key."
  value       = aws_kms_key.this.arn
}
