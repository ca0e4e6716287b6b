locals {
  topic_arn   = format(local.arn, "sns", format(local.name, "failures"))
  machine_arn = format(local.arn, "states", "stateMachine:${format(local.name, "pipeline")}")
  tags        = { component = "observability" }
}

resource "aws_sns_topic" "failures" {
  name = format(local.name, "failures")
  # By its alias, so that this unit need not wait for the key.
  kms_master_key_id = "alias/${var.context.project}-${var.context.environment}"
  tags              = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsAndRulesOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "events.amazonaws.com"] }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { StringEquals = { "aws:SourceAccount" = var.context.account_id } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.subscribers

  topic_arn = aws_sns_topic.failures.arn
  protocol  = "email"
  endpoint  = each.key
}
