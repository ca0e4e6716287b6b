variable "alias" {
  description = "Name that stands for one published version, for callers that must not see a change half-way."
  type        = string
  default     = "live"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z_-][A-Za-z0-9_.-]{0,79}$", var.alias))
    error_message = "alias must be 1 to 80 letters, digits, dots, hyphens and underscores, a letter, hyphen or underscore first."
  }
}

variable "alias_version" {
  description = "Published version that the alias stands for. Null: the newest."
  type        = number
  default     = null

  validation {
    condition     = var.alias_version == null ? true : var.alias_version >= 1 && floor(var.alias_version) == var.alias_version
    error_message = "alias_version must be the number of a published version: 1, 2, 3 and so on."
  }
}

variable "definition" {
  description = "What the machine does, in the Amazon States Language, as JSON."
  type        = string
  nullable    = false

  validation {
    condition     = can(jsondecode(var.definition).StartAt) && can(keys(jsondecode(var.definition).States))
    error_message = "definition must be a JSON object with StartAt and States."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the logs."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "log_level" {
  description = "What the executions log: ALL, ERROR or FATAL; OFF needs opt_out. ALL logs the data of executions too."
  type        = string
  default     = "ERROR"
  nullable    = false

  validation {
    condition     = contains(["ALL", "ERROR", "FATAL", "OFF"], var.log_level) && (var.log_level == "OFF") == contains(keys(var.opt_out), "logging")
    error_message = "log_level must be ALL, ERROR or FATAL; OFF together with opt_out.logging."
  }
}

variable "log_retention_days" {
  description = "How long the executions' logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "log_retention_days must be a period that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "name" {
  description = "Short name of the machine; the module adds project and environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "name must be 1 to 40 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "opt_out" {
  description = "Security defaults to switch off, each with its reason: logging, tracing."
  type        = map(object({ reason = string }))
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for default, o in var.opt_out : contains(["logging", "tracing"], default) && length(trimspace(o.reason)) >= 10
    ])
    error_message = "opt_out may name logging and tracing, each with a reason of at least 10 characters."
  }
}

variable "role_arn" {
  description = "Role that the machine runs as."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", var.role_arn))
    error_message = "role_arn must be the ARN of an IAM role."
  }
}
