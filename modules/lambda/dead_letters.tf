# An asynchronous invocation has no caller that hears of its failure. The state machine waits for its functions, so
# they need no queue.

locals {
  asynchronous = { for name, f in var.functions : name => f.asynchronous if f.asynchronous != null }
}

resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = local.asynchronous

  function_name                = aws_lambda_function.this[each.key].function_name
  maximum_event_age_in_seconds = each.value.max_age_seconds
  maximum_retry_attempts       = each.value.max_retries
}

resource "aws_sqs_queue" "dead_letters" {
  for_each = local.asynchronous

  name                      = format(local.name, "${each.key}-dlq")
  message_retention_seconds = 1209600
  kms_master_key_id         = var.kms_key_arn
  tags                      = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyInsecureTransport"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = "sqs:*"
      Resource  = format(local.arn, "sqs", format(local.name, "${each.key}-dlq"))
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
