# Bucket and table exist before this module runs: the bootstrap makes them, the unit imports them (imports.tf is
# generated there, because an import block is legal in a root module only).

locals {
  tags = { component = "state-backend" }
  logs = !contains(keys(var.opt_out), "access_logging")

  # The bucket of states, and the one that says who read them.
  buckets = merge(
    { state = aws_s3_bucket.state.bucket },
    { for bucket in aws_s3_bucket.logs : "logs" => bucket.bucket },
  )
}

resource "aws_s3_bucket" "state" {
  bucket = format(local.bucket, "tfstate")
  tags   = local.tags

  lifecycle {
    prevent_destroy = true
  }
}

# Who holds which lock, and the states' digests: nothing to recover, so no copies are kept.
resource "aws_dynamodb_table" "lock" {
  count = var.lock_table ? 1 : 0

  name                        = format(local.name, "tflock")
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "LockID"
  deletion_protection_enabled = true
  tags                        = local.tags

  attribute {
    name = "LockID"
    type = "S"
  }

  # Without a key of ours, AWS encrypts the table with one of its own.
  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn[*]

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  bucket = each.value

  versioning_configuration {
    status = "Enabled"
  }
}

# Without a key of ours, S3's own KMS key: the bucket is older than any key, and no key that somebody may schedule for
# deletion can make the states unreadable. S3 delivers access logs only to a bucket that encrypts by itself.
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = each.value

  rule {
    bucket_key_enabled = each.key == "state"

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.key == "state" ? "aws:kms" : "AES256"
      kms_master_key_id = each.key == "state" ? var.kms_key_arn : null
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = each.value
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets

  bucket = each.value

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}
