variable "kms_key_arn" {
  description = "Key for states and locks. Null: AWS's own keys, which cannot be deleted. A key of yours must outlive every state."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, arn:aws:kms:<region>:<account>:key/<id>: an alias may come to mean another key."
  }
}

variable "lock_table" {
  description = "Whether a table holds the locks beside the bucket. False for a table that exists is refused: see docs/state.md."
  type        = bool
  default     = true
  nullable    = false
}

variable "opt_out" {
  description = "Security defaults that are switched off, each with its reason: access_logging (no bucket that says who read a state)."
  type        = map(object({ reason = string }))
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.opt_out), ["access_logging"])) == 0
    error_message = "opt_out knows access_logging only; versioning, encryption and TLS of the state are not to be switched off."
  }
  validation {
    condition     = alltrue([for o in values(var.opt_out) : length(trimspace(o.reason)) >= 10])
    error_message = "Each opt_out needs a reason of at least 10 characters."
  }
}

variable "retention" {
  description = "Days that access logs and reviewed plans are kept; days that an old version of a state is kept."
  type = object({
    access_log_days = optional(number, 365)
    noncurrent_days = optional(number, 90)
    plan_days       = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.retention.access_log_days >= 30 && var.retention.access_log_days <= 3650 && floor(var.retention.access_log_days) == var.retention.access_log_days
    error_message = "retention.access_log_days must be a whole number from 30 to 3650."
  }
  validation {
    condition     = var.retention.noncurrent_days >= 7 && var.retention.noncurrent_days <= 3650 && floor(var.retention.noncurrent_days) == var.retention.noncurrent_days
    error_message = "retention.noncurrent_days must be a whole number from 7 to 3650: less leaves no time to notice a broken state."
  }
  validation {
    condition     = var.retention.plan_days >= 1 && var.retention.plan_days <= 365 && floor(var.retention.plan_days) == var.retention.plan_days
    error_message = "retention.plan_days must be a whole number from 1 to 365."
  }
}
