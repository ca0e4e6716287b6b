variable "kms_key_arn" {
  description = "Key that encrypts the log group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "retention_days" {
  description = "How long the logs are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([30, 90, 365, 731, 3653], var.retention_days)
    error_message = "retention_days must be 30, 90, 365, 731 or 3653."
  }
}
