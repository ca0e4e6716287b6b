locals {
  tags = { component = "lambda" }
}

resource "aws_lambda_function" "this" {
  for_each = var.functions

  function_name                  = format(local.name, each.key)
  description                    = each.value.description
  role                           = var.role_arn
  runtime                        = var.runtime
  handler                        = each.value.handler
  architectures                  = [var.architecture]
  layers                         = [for layer in each.value.layers : aws_lambda_layer_version.this[layer].arn]
  memory_size                    = each.value.memory_mb
  timeout                        = each.value.timeout_seconds
  reserved_concurrent_executions = each.value.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn
  s3_bucket                      = aws_s3_object.zip[each.value.zip].bucket
  s3_key                         = aws_s3_object.zip[each.value.zip].key
  source_code_hash               = filebase64sha256("${var.artifacts_dir}/${each.value.zip}")
  tags                           = local.tags

  dynamic "dead_letter_config" {
    for_each = each.value.asynchronous[*]

    content {
      target_arn = aws_sqs_queue.dead_letters[each.key].arn
    }
  }

  environment {
    variables = merge(var.environment, each.value.environment)
  }

  tracing_config {
    mode = contains(keys(each.value.opt_out), "tracing") ? "PassThrough" : "Active"
  }

  # Without its group Lambda makes one that keeps logs for ever, unencrypted by our key.
  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_lambda_layer_version" "this" {
  for_each = var.layers

  layer_name               = format(local.name, each.key)
  description              = each.value.description
  compatible_architectures = [var.architecture]
  compatible_runtimes      = [var.runtime]
  s3_bucket                = aws_s3_object.zip[each.value.zip].bucket
  s3_key                   = aws_s3_object.zip[each.value.zip].key
  source_code_hash         = filebase64sha256("${var.artifacts_dir}/${each.value.zip}")
}

moved {
  from = aws_lambda_layer_version.libraries
  to   = aws_lambda_layer_version.this["libraries"]
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.functions

  name              = "/aws/lambda/${format(local.name, each.key)}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}
