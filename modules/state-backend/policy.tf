locals {
  arns = { logs = format(local.bucket_arn, "tfstate-logs"), state = format(local.bucket_arn, "tfstate") }

  statements = {
    for name, arn in local.arns : name => concat(
      [{
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:*"
        Resource  = [arn, "${arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      # A plan holds what its resources will know, secrets included: only who applies it reads it.
      [for _ in range(name == "state" ? 1 : 0) : {
        Sid       = "DenyPlansToOthers"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:GetObject*"
        Resource  = "${arn}/plans/*"
        Condition = { ArnNotLike = { "aws:PrincipalArn" = format(local.role_arn, "apply") } }
      }],
      [for _ in range(name == "logs" ? 1 : 0) : {
        Sid       = "AcceptAccessLogs"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${arn}/*"
        Condition = {
          ArnLike      = { "aws:SourceArn" = local.arns.state }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      }],
    )
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.buckets

  bucket = each.value
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
