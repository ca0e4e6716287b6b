output "bucket_arns" {
  description = "ARN of each bucket by its short name."
  value       = { for name in keys(aws_s3_bucket.this) : name => format(local.bucket_arn, name) }
}

output "bucket_names" {
  description = "Full name of each bucket by its short name."
  value       = { for name, bucket in aws_s3_bucket.this : name => bucket.bucket }
  # Whoever is given the name finds the bucket encrypted and its policy in place.
  depends_on = [aws_s3_bucket_policy.this, aws_s3_bucket_server_side_encryption_configuration.this]
}

output "kms_alias" {
  description = "Alias of the environment's key, for those who must not wait for it."
  value       = aws_kms_alias.this.name
}

output "kms_key_arn" {
  description = "ARN of the environment's key."
  value       = aws_kms_key.this.arn
}

output "opt_outs" {
  description = "Security defaults that are switched off, and why."
  value       = { for name, b in var.buckets : name => { for default, o in b.opt_out : default => o.reason } if length(b.opt_out) > 0 }
}
