locals {
  # Snowflake's words for S3 in AWS's partitions.
  provider = { aws = "S3", aws-cn = "S3CHINA", aws-us-gov = "S3GOV" }[var.context.partition]
  allowed  = toset(flatten([for bucket, prefixes in var.allowed : [for p in prefixes : "${local.url}${format(local.bucket, bucket)}/${p}"]]))
  blocked  = toset(flatten([for bucket, prefixes in var.blocked : [for p in prefixes : "${local.url}${format(local.bucket, bucket)}/${p}"]]))
  url      = "${lower(local.provider)}://"
}

# Snowflake takes the role's ARN as text and does not look at the role before it reads; so the integration comes first,
# and the role, made later by the iam unit, can trust exactly the user that Snowflake names here.
resource "snowflake_storage_integration_aws" "this" {
  name                      = upper("${var.context.project}_${var.name}_${var.context.environment}")
  comment                   = "S3 of ${var.context.project} ${var.context.environment}"
  enabled                   = var.enabled
  storage_provider          = local.provider
  storage_allowed_locations = local.allowed
  storage_blocked_locations = length(local.blocked) > 0 ? local.blocked : null
  storage_aws_external_id   = var.external_id
  storage_aws_role_arn      = format(local.role_arn, var.role)

  # Whether AWS PrivateLink leads there is not this module's to say; an imported integration keeps it.
  lifecycle {
    ignore_changes = [use_privatelink_endpoint]
  }
}
