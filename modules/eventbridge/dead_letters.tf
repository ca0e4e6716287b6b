# Events that EventBridge could not deliver. The policy stands in the queue itself: a policy resource of its own would
# cost the provider's wait of 25 s a second time.
resource "aws_sqs_queue" "dead_letters" {
  name                      = format(local.name, "raw-objects-dlq")
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AcceptFromRule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = format(local.arn, "sqs", format(local.name, "raw-objects-dlq"))
        Condition = { ArnEquals = { "aws:SourceArn" = format(local.arn, "events", "rule/${local.rule}") } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sqs:*"
        Resource  = format(local.arn, "sqs", format(local.name, "raw-objects-dlq"))
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
