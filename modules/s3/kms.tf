# One key per environment. The root statement lets IAM policies decide, as in AWS's own default; the services that
# encrypt on their own account (log groups, alarms and rules that reach an encrypted topic or queue) are named, and act
# for this account's resources only.

resource "aws_kms_key" "this" {
  description             = "Data, logs and notifications of ${var.context.project} ${var.context.environment}"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_days
  tags                    = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetIamPoliciesDecide"
        Effect    = "Allow"
        Principal = { AWS = "arn:${var.context.partition}:iam::${var.context.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "EncryptLogGroups"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.context.region}.amazonaws.com" }
        Action = [
          "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = format(local.arn, "logs", "log-group:*") } }
      },
      {
        Sid       = "ReachEncryptedTopicsAndQueues"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "events.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = {
          ArnLike      = { "aws:SourceArn" = [format(local.arn, "cloudwatch", "alarm:*"), format(local.arn, "events", "rule/*")] }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.context.project}-${var.context.environment}"
  target_key_id = aws_kms_key.this.key_id
}
