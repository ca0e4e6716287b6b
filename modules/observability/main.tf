locals {
  topic_arn    = format(local.arn, "sns", format(local.name, "failures"))
  machine_arns = { for machine in keys(var.state_machines) : machine => format(local.arn, "states", "stateMachine:${format(local.name, machine)}") }
  rule_arn     = format(local.arn, "events", "rule/${format(local.name, "glue-failures")}")
  alarm_arns   = format(local.arn, "cloudwatch", "alarm:${format(local.name, "*")}")
  watches_jobs = length(var.jobs) > 0
  encrypts     = !contains(keys(var.opt_out), "kms")

  # By its alias, so that this unit need not wait for the key.
  kms_key = local.encrypts ? coalesce(var.kms_key_arn, "alias/${var.context.project}-${var.context.environment}") : null
  tags    = { component = "observability" }
}

resource "aws_sns_topic" "failures" {
  name              = format(local.name, "failures")
  kms_master_key_id = local.kms_key
  tags              = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in [
      {
        Sid       = "AlarmsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = {
          ArnLike      = { "aws:SourceArn" = local.alarm_arns }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      },
      {
        Sid       = "RuleOfThisModule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = local.rule_arn }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ] : statement if statement.Sid != "RuleOfThisModule" || local.watches_jobs]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.subscribers

  topic_arn = aws_sns_topic.failures.arn
  protocol  = "email"
  endpoint  = each.key
}

# Log groups that no module makes with what writes to them.
resource "aws_cloudwatch_log_group" "this" {
  for_each = var.log_groups

  name              = each.key
  kms_key_id        = local.encrypts ? var.kms_key_arn : null
  retention_in_days = each.value.retention_days
  tags              = local.tags

  lifecycle {
    precondition {
      condition     = !local.encrypts || var.kms_key_arn != null
      error_message = "log_groups need kms_key_arn: CloudWatch Logs takes no alias. Or opt out of kms, with a reason."
    }
  }
}
