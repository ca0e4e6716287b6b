# The same file in every module: where the module runs, and the names that follow from it.
# ARNs are built from names, never read back, so that every policy is known at plan time.

variable "context" {
  description = "Account, region, project and environment; every name is <project>-<thing>-<environment>."
  type = object({
    account_id  = string
    environment = string
    partition   = optional(string, "aws")
    project     = string
    region      = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.context.account_id))
    error_message = "context.account_id must be the 12 digits of an AWS account."
  }
  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.context.environment))
    error_message = "context.environment must be 2 to 10 lower-case letters and digits, a letter first."
  }
  validation {
    condition     = contains(["aws", "aws-cn", "aws-us-gov"], var.context.partition)
    error_message = "context.partition must be aws, aws-cn or aws-us-gov."
  }
  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.context.project))
    error_message = "context.project must be 2 to 12 lower-case letters and digits, a letter first."
  }
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.context.region))
    error_message = "context.region must be an AWS region such as eu-west-1."
  }
}

locals {
  # Formats: format(local.name, "glue") -> strata-glue-dev
  name       = "${var.context.project}-%s-${var.context.environment}"
  bucket     = "${local.name}-${var.context.account_id}"
  arn        = "arn:${var.context.partition}:%s:${var.context.region}:${var.context.account_id}:%s"
  bucket_arn = "arn:${var.context.partition}:s3:::${local.bucket}"
  role_arn   = "arn:${var.context.partition}:iam::${var.context.account_id}:role/${local.name}"
}
