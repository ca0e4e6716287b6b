# Who may touch which object. The statements only deny: a principal is named in a condition, not as a principal, so
# that a role that another unit creates later is no "Invalid principal"; what a role may do at all is its own IAM
# policy. Changing a bucket's settings is not denied, or a wrong policy would stay for ever.

locals {
  # Every action on objects. The parts of an upload are its writer's.
  verbs = {
    Read = ["s3:GetObject*", "s3:ListObject*"]
    Write = [
      "s3:AbortMultipartUpload", "s3:BypassGovernanceRetention", "s3:DeleteObject*", "s3:InitiateReplication",
      "s3:ListMultipartUploadParts", "s3:ObjectOwnerOverride*", "s3:PutObject*", "s3:Replicate*", "s3:RestoreObject",
      "s3:UpdateObject*",
    ]
  }
  access = {
    for name, b in var.buckets : name => { Read = b.access.read, Write = b.access.write } if b.access != null
  }
  deny = { Effect = "Deny", Principal = { AWS = "*" } }

  statements = {
    for name, b in var.buckets : name => concat(
      [merge(local.deny, {
        Sid       = "DenyInsecureTransport"
        Action    = "s3:*"
        Resource  = [format(local.bucket_arn, name), "${format(local.bucket_arn, name)}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      })],
      [for _ in range(b.receives_access_logs ? 1 : 0) : {
        Sid       = "AcceptAccessLogs"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${format(local.bucket_arn, name)}/*"
        Condition = {
          ArnLike      = { "aws:SourceArn" = [for logged in keys(local.logged) : format(local.bucket_arn, logged)] }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      }],
      flatten([for access in [for key, a in local.access : a if key == name] : [for verb, actions in local.verbs : concat(
        [merge(local.deny, {
          Sid       = "Deny${verb}ByOthers"
          Action    = actions
          Resource  = "${format(local.bucket_arn, name)}/*"
          Condition = { ArnNotLike = { "aws:PrincipalArn" = keys(access[verb]) } }
        })],
        [for arn, prefixes in access[verb] : merge(local.deny, {
          Sid         = "Deny${verb}Elsewhere${index(keys(access[verb]), arn)}"
          Action      = actions
          NotResource = [for prefix in prefixes : "${format(local.bucket_arn, name)}/${prefix}"]
          Condition   = { ArnLike = { "aws:PrincipalArn" = arn } }
        }) if !contains(prefixes, "*")],
      )]]),
      [for access in [for key, a in local.access : a if key == name] : merge(local.deny, {
        Sid      = "DenyListByOthers"
        Action   = ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"]
        Resource = format(local.bucket_arn, name)
        Condition = { ArnNotLike = {
          "aws:PrincipalArn" = sort(distinct(concat(keys(access.Read), keys(access.Write), tolist(var.administrators))))
        } }
      })],
    )
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = var.buckets

  bucket = aws_s3_bucket.this[each.key].bucket
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
