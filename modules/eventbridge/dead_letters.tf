# Events that EventBridge could not deliver. The policy stands in the queue itself: a policy resource of its own would
# cost the provider's wait of 25 s a second time. The key goes by its alias, so that this unit need not wait for it.
resource "aws_sqs_queue" "dead_letters" {
  for_each = merge({ for name, r in var.rules : name => r.opt_out }, { for name, s in var.schedules : name => s.opt_out })

  name                      = format(local.name, "${each.key}-dlq")
  message_retention_seconds = 1209600
  kms_master_key_id         = contains(keys(each.value), "kms") ? null : "alias/${var.context.project}-${var.context.environment}"
  sqs_managed_sse_enabled   = contains(keys(each.value), "kms") ? true : null
  tags                      = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AcceptFromRule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = format(local.arn, "sqs", format(local.name, "${each.key}-dlq"))
        Condition = {
          ArnEquals    = { "aws:SourceArn" = format(local.arn, "events", "rule/${format(local.name, each.key)}") }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sqs:*"
        Resource  = format(local.arn, "sqs", format(local.name, "${each.key}-dlq"))
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
