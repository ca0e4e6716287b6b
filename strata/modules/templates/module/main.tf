resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.context.project}/${var.context.environment}/NAME"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.retention_days
  tags              = { component = "NAME" }
}
