# Every request to the state bucket, on record: a state holds what its resources know, secrets included.

resource "aws_s3_bucket" "logs" {
  count = local.logs ? 1 : 0

  bucket        = format(local.bucket, "tfstate-logs")
  force_destroy = false
  tags          = local.tags
}

resource "aws_s3_bucket_logging" "state" {
  count = local.logs ? 1 : 0

  bucket        = aws_s3_bucket.state.bucket
  target_bucket = aws_s3_bucket.logs[0].bucket
  target_prefix = "s3/tfstate/"

  # S3 refuses a target whose policy does not allow it.
  depends_on = [aws_s3_bucket_policy.this]
}
