# Old versions of a state are what a deleted or broken one is recovered from; they go after a time.

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = each.value

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "expire-noncurrent"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = each.key == "state" ? var.retention.noncurrent_days : 7
    }
  }

  dynamic "rule" {
    for_each = each.key == "state" ? { plans = var.retention.plan_days } : { s3 = var.retention.access_log_days }

    content {
      id     = "expire-${rule.key}"
      status = "Enabled"

      filter {
        prefix = "${rule.key}/"
      }

      expiration {
        days = rule.value
      }
    }
  }

  # A rule on versions is refused before the bucket is versioned.
  depends_on = [aws_s3_bucket_versioning.this]
}
