locals {
  log_bucket = one([for name, b in var.buckets : name if b.receives_access_logs])
  data       = { for name, b in var.buckets : name => b if !b.receives_access_logs }
  tags       = { component = "s3" }
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
  for_each = { for name, b in var.buckets : name => b if b.unversioned_because == null }

  bucket = aws_s3_bucket.this[each.key].bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = var.buckets

  bucket = aws_s3_bucket.this[each.key].bucket

  rule {
    bucket_key_enabled = !each.value.receives_access_logs

    apply_server_side_encryption_by_default {
      # S3 delivers access logs only to a bucket that encrypts with its own key.
      sse_algorithm     = each.value.receives_access_logs ? "AES256" : "aws:kms"
      kms_master_key_id = each.value.receives_access_logs ? null : aws_kms_key.this.arn
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = local.data

  bucket        = aws_s3_bucket.this[each.key].bucket
  target_bucket = aws_s3_bucket.this[local.log_bucket].bucket
  target_prefix = "s3/${each.key}/"

  # S3 refuses a target whose policy does not let it in.
  depends_on = [aws_s3_bucket_policy.this]
}

resource "aws_s3_bucket_notification" "this" {
  for_each = { for name, b in var.buckets : name => b if b.events }

  bucket      = aws_s3_bucket.this[each.key].bucket
  eventbridge = true
}
