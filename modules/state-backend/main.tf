# Bucket and table exist before this module runs: the bootstrap makes them, the unit imports them (imports.tf is
# generated there, because an import block is legal in a root module only).

resource "aws_s3_bucket" "state" {
  bucket = format(local.bucket, "tfstate")
  tags   = { component = "state-backend" }

  lifecycle {
    prevent_destroy = true
  }
}

# Who holds which lock, and the states' digests: nothing to recover, and AWS encrypts every table with a key of its own.
resource "aws_dynamodb_table" "lock" {
  name         = format(local.name, "tflock")
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "LockID"
  tags         = { component = "state-backend" }

  attribute {
    name = "LockID"
    type = "S"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.bucket

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}
