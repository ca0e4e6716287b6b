# A run that somebody started by hand, or stopped, fails no execution: the jobs are watched themselves.

resource "aws_cloudwatch_event_rule" "glue_failures" {
  count = local.watches_jobs ? 1 : 0

  name        = format(local.name, "glue-failures")
  description = "A run of a watched job did not succeed"
  tags        = local.tags

  event_pattern = jsonencode({
    source      = ["aws.glue"]
    detail-type = ["Glue Job State Change"]
    detail = {
      jobName = sort([for job in var.jobs : format(local.name, job)])
      state   = ["ERROR", "FAILED", "STOPPED", "TIMEOUT"]
    }
  })
}

resource "aws_cloudwatch_event_target" "glue_failures" {
  count = local.watches_jobs ? 1 : 0

  rule      = aws_cloudwatch_event_rule.glue_failures[0].name
  target_id = "failures"
  arn       = aws_sns_topic.failures.arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.glue_failures[0].arn
  }
}

# The policy stands in the queue itself: a policy resource of its own would cost the provider's wait a second time.
resource "aws_sqs_queue" "glue_failures" {
  count = local.watches_jobs ? 1 : 0

  name                      = format(local.name, "glue-failures-dlq")
  message_retention_seconds = 1209600
  kms_master_key_id         = local.kms_key
  sqs_managed_sse_enabled   = local.encrypts ? null : true
  tags                      = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AcceptFromRule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = format(local.arn, "sqs", format(local.name, "glue-failures-dlq"))
        Condition = {
          ArnEquals    = { "aws:SourceArn" = local.rule_arn }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sqs:*"
        Resource  = format(local.arn, "sqs", format(local.name, "glue-failures-dlq"))
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
