# Snowflake takes the role's ARN as text and does not look at the role before it reads; so the integration comes first,
# and the role, made later by the iam unit, can trust exactly the user that Snowflake names here.
resource "snowflake_storage_integration_aws" "processed" {
  name                      = upper("${var.context.project}_S3_${var.context.environment}")
  comment                   = "Curated data of ${var.context.project} ${var.context.environment}"
  enabled                   = true
  storage_provider          = var.context.partition == "aws-us-gov" ? "S3GOV" : var.context.partition == "aws-cn" ? "S3CHINA" : "S3"
  storage_allowed_locations = [for p in var.allowed_prefixes : "s3://${format(local.bucket, "processed")}/${p}"]
  storage_aws_external_id   = var.external_id
  storage_aws_role_arn      = format(local.role_arn, "snowflake")

}
