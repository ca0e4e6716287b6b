locals {
  log_bucket = one([for name, b in var.buckets : name if b.receives_access_logs])
  logged     = { for name, b in var.buckets : name => b if !b.receives_access_logs && !contains(keys(b.opt_out), "access_logging") }
  versioned  = { for name, b in var.buckets : name => b if !contains(keys(b.opt_out), "versioning") }
  tags       = { component = "s3" }

  # S3 delivers access logs only to a bucket that encrypts with S3's own key.
  uses_kms = { for name, b in var.buckets : name => !b.receives_access_logs && !contains(keys(b.opt_out), "kms") }
}

resource "aws_s3_bucket" "this" {
  for_each = var.buckets

  bucket        = format(local.bucket, each.key)
  force_destroy = var.disposable
  tags          = local.tags
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = var.buckets

  bucket = aws_s3_bucket.this[each.key].bucket

  # No ACLs: whoever uploads, the bucket's owner owns the object.
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = var.buckets

  bucket                  = aws_s3_bucket.this[each.key].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.versioned

  bucket = aws_s3_bucket.this[each.key].bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = var.buckets

  bucket = aws_s3_bucket.this[each.key].bucket

  rule {
    bucket_key_enabled = local.uses_kms[each.key]

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.uses_kms[each.key] ? "aws:kms" : "AES256"
      kms_master_key_id = local.uses_kms[each.key] ? aws_kms_key.this.arn : null
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = local.logged

  bucket        = aws_s3_bucket.this[each.key].bucket
  target_bucket = aws_s3_bucket.this[local.log_bucket].bucket
  target_prefix = "s3/${each.key}/"

  # S3 refuses a target whose policy does not allow it.
  depends_on = [aws_s3_bucket_policy.this]
}

resource "aws_s3_bucket_notification" "this" {
  for_each = { for name, b in var.buckets : name => b if b.events }

  bucket      = aws_s3_bucket.this[each.key].bucket
  eventbridge = true
}
