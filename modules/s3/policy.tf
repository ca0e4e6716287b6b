# Who may touch which object. The statements only deny: a principal is named in a condition, not as a principal, so
# that a role that another unit creates later is no "Invalid principal"; what a role may do at all is its own IAM
# policy. Changing a bucket's settings is not denied, or nobody could repair a wrong policy.

locals {
  statements = {
    for name, b in var.buckets : name => concat(
      [{
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:*"
        Resource  = [format(local.bucket_arn, name), "${format(local.bucket_arn, name)}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for _ in range(b.receives_access_logs ? 1 : 0) : {
        Sid       = "AcceptAccessLogs"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${format(local.bucket_arn, name)}/*"
        Condition = {
          ArnLike      = { "aws:SourceArn" = [for data in keys(local.data) : format(local.bucket_arn, data)] }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      }],
      [for access in [b.access] : {
        Sid       = "DenyReadByOthers"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:GetObject*"
        Resource  = "${format(local.bucket_arn, name)}/*"
        Condition = { ArnNotLike = { "aws:PrincipalArn" = keys(access.read) } }
      } if access != null],
      [for access in [b.access] : {
        Sid       = "DenyWriteByOthers"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["s3:AbortMultipartUpload", "s3:DeleteObject*", "s3:PutObject*", "s3:ReplicateObject", "s3:RestoreObject"]
        Resource  = "${format(local.bucket_arn, name)}/*"
        Condition = { ArnNotLike = { "aws:PrincipalArn" = keys(access.write) } }
      } if access != null],
      [for access in [b.access] : {
        Sid       = "DenyListByOthers"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"]
        Resource  = format(local.bucket_arn, name)
        Condition = {
          ArnNotLike = {
            "aws:PrincipalArn" = sort(distinct(concat(keys(access.read), keys(access.write), tolist(var.administrators))))
          }
        }
      } if access != null],
      flatten([for access in [b.access] : [
        for arn, prefixes in access.read : {
          Sid         = "DenyReadElsewhere${index(keys(access.read), arn)}"
          Effect      = "Deny"
          Principal   = { AWS = "*" }
          Action      = "s3:GetObject*"
          NotResource = [for prefix in prefixes : "${format(local.bucket_arn, name)}/${prefix}"]
          Condition   = { ArnLike = { "aws:PrincipalArn" = arn } }
        } if !contains(prefixes, "*")
      ] if access != null]),
      flatten([for access in [b.access] : [
        for arn, prefixes in access.write : {
          Sid         = "DenyWriteElsewhere${index(keys(access.write), arn)}"
          Effect      = "Deny"
          Principal   = { AWS = "*" }
          Action      = ["s3:AbortMultipartUpload", "s3:DeleteObject*", "s3:PutObject*", "s3:ReplicateObject", "s3:RestoreObject"]
          NotResource = [for prefix in prefixes : "${format(local.bucket_arn, name)}/${prefix}"]
          Condition   = { ArnLike = { "aws:PrincipalArn" = arn } }
        } if !contains(prefixes, "*")
      ] if access != null]),
    )
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = var.buckets

  bucket = aws_s3_bucket.this[each.key].bucket
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
