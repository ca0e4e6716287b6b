# Before 1.0.0 there was one bucket, so its settings had no key, and always a table.

moved {
  from = aws_dynamodb_table.lock
  to   = aws_dynamodb_table.lock[0]
}

moved {
  from = aws_s3_bucket_ownership_controls.state
  to   = aws_s3_bucket_ownership_controls.this["state"]
}

moved {
  from = aws_s3_bucket_policy.state
  to   = aws_s3_bucket_policy.this["state"]
}

moved {
  from = aws_s3_bucket_public_access_block.state
  to   = aws_s3_bucket_public_access_block.this["state"]
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.state
  to   = aws_s3_bucket_server_side_encryption_configuration.this["state"]
}

moved {
  from = aws_s3_bucket_versioning.state
  to   = aws_s3_bucket_versioning.this["state"]
}
