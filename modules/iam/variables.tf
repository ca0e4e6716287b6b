variable "jobs" {
  description = "Short names of the Glue jobs that the state machine may start."
  type        = set(string)
  nullable    = false
}

variable "functions" {
  description = "Short names of the Lambda functions that the state machine may invoke."
  type        = set(string)
  nullable    = false
}

variable "snowflake_trust" {
  description = "The IAM user of the Snowflake account and the external id of the storage integration."
  type = object({
    external_id = string
    user_arn    = string
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role|root)", var.snowflake_trust.user_arn))
    error_message = "snowflake_trust.user_arn must be the ARN of one IAM user."
  }
  validation {
    condition     = length(var.snowflake_trust.external_id) >= 8
    error_message = "snowflake_trust.external_id must have at least 8 characters."
  }
}
