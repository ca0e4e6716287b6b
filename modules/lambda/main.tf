locals {
  runtime = "python3.11"
  tags    = { component = "lambda" }
}

resource "aws_lambda_function" "this" {
  for_each = var.functions

  function_name    = format(local.name, each.key)
  description      = each.value.description
  role             = var.role_arn
  runtime          = local.runtime
  handler          = each.value.handler
  architectures    = [var.architecture]
  layers           = [aws_lambda_layer_version.libraries.arn]
  memory_size      = each.value.memory_mb
  timeout          = each.value.timeout_seconds
  s3_bucket        = aws_s3_object.zip[each.value.zip].bucket
  s3_key           = aws_s3_object.zip[each.value.zip].key
  source_code_hash = filebase64sha256("${var.artifacts_dir}/${each.value.zip}")
  tags             = local.tags

  environment {
    variables = var.environment
  }

  tracing_config {
    mode = "Active"
  }

  # Without its group Lambda makes one that keeps logs for ever, unencrypted by our key.
  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_lambda_layer_version" "libraries" {
  layer_name               = format(local.name, "libraries")
  description              = "Libraries that the functions of ${var.context.project} ${var.context.environment} share"
  compatible_architectures = [var.architecture]
  compatible_runtimes      = [local.runtime]
  s3_bucket                = aws_s3_object.zip[var.layer_zip].bucket
  s3_key                   = aws_s3_object.zip[var.layer_zip].key
  source_code_hash         = filebase64sha256("${var.artifacts_dir}/${var.layer_zip}")
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.functions

  name              = "/aws/lambda/${format(local.name, each.key)}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}
