variable "architecture" {
  description = "Processor of the functions; layers hold compiled code for it. arm64 costs a fifth less."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "artifacts_bucket" {
  description = "Bucket that receives the zips."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.artifacts_bucket))
    error_message = "artifacts_bucket must be the name of an S3 bucket."
  }
}

variable "artifacts_dir" {
  description = "Folder of the built artifacts, relative to Terraform's working directory: an absolute path would change the plan with the machine."
  type        = string
  default     = "artifacts"
  nullable    = false

  validation {
    condition     = !startswith(var.artifacts_dir, "/")
    error_message = "artifacts_dir must be a relative path."
  }
}

variable "environment" {
  description = "Environment variables of all functions, encrypted with the key. No secrets: functions log in as their role."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment) : can(regex("^[A-Za-z][A-Za-z0-9_]*$", name)) && !can(regex("(?i)(password|secret|private_key|token)", name))])
    error_message = "environment may hold no secret (password, secret, private_key, token), and its names are letters, digits and underscores."
  }
}

variable "functions" {
  description = <<-EOT
    The functions by short name. `zip` is a file in artifacts_dir, `layers` are keys of var.layers. A function that is
    invoked asynchronously says so: what it fails to do is tried again and then kept in a dead-letter queue.
    `opt_out` switches a default off: tracing.
  EOT
  type = map(object({
    asynchronous = optional(object({
      max_age_seconds = optional(number, 21600)
      max_retries     = optional(number, 2)
    }))
    description          = optional(string)
    environment          = optional(map(string), {})
    handler              = string
    layers               = optional(list(string), [])
    memory_mb            = optional(number, 512)
    opt_out              = optional(map(object({ reason = string })), {})
    reserved_concurrency = optional(number)
    timeout_seconds      = optional(number, 300)
    zip                  = string
  }))
  nullable = false

  validation {
    # 64 characters are Lambda's limit; project, environment and hyphens take 24 of them.
    condition     = alltrue([for name in keys(var.functions) : can(regex("^[a-z][a-z0-9-]{0,39}$", name))])
    error_message = "A function's short name must be 1 to 40 lower-case letters, digits and hyphens, a letter first."
  }
  validation {
    condition     = alltrue([for f in var.functions : endswith(f.zip, ".zip")])
    error_message = "zip must be a .zip file."
  }
  validation {
    condition     = alltrue([for f in var.functions : can(regex("^[A-Za-z0-9_./-]+[.][A-Za-z0-9_]+$", f.handler))])
    error_message = "handler must name a module and a function, such as refresh.handler."
  }
  validation {
    condition     = alltrue([for f in var.functions : f.memory_mb >= 128 && f.memory_mb <= 10240])
    error_message = "memory_mb must lie between 128 and 10240."
  }
  validation {
    condition     = alltrue([for f in var.functions : f.timeout_seconds >= 1 && f.timeout_seconds <= 900])
    error_message = "timeout_seconds must lie between 1 and 900."
  }
  validation {
    condition     = alltrue([for f in var.functions : f.reserved_concurrency >= 0 if f.reserved_concurrency != null])
    error_message = "reserved_concurrency must be 0 (the function is switched off) or more."
  }
  validation {
    condition     = alltrue([for f in var.functions : length(f.layers) <= 5 && alltrue([for layer in f.layers : contains(keys(var.layers), layer)])])
    error_message = "layers must name at most 5 keys of var.layers."
  }
  validation {
    condition = alltrue([
      for f in var.functions : f.asynchronous.max_age_seconds >= 60 && f.asynchronous.max_age_seconds <= 21600 &&
      f.asynchronous.max_retries >= 0 && f.asynchronous.max_retries <= 2 if f.asynchronous != null
    ])
    error_message = "asynchronous.max_age_seconds must lie between 60 and 21600, max_retries between 0 and 2."
  }
  validation {
    condition     = alltrue(flatten([for f in var.functions : [for name in keys(f.environment) : can(regex("^[A-Za-z][A-Za-z0-9_]*$", name)) && !can(regex("(?i)(password|secret|private_key|token)", name))]]))
    error_message = "A function's environment may hold no secret (password, secret, private_key, token), and its names are letters, digits and underscores."
  }
  validation {
    condition     = alltrue(flatten([for f in var.functions : [for default, o in f.opt_out : default == "tracing" && length(trimspace(o.reason)) >= 10]]))
    error_message = "opt_out may name tracing, with a reason of at least 10 characters."
  }
}

variable "kms_key_arn" {
  description = "Key for the logs, the environment variables and the dead letters."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "layers" {
  description = "Layers by short name: zips in artifacts_dir, laid out as Lambda wants them (python/…)."
  type        = map(object({ description = optional(string), zip = string }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, l in var.layers : can(regex("^[a-z][a-z0-9-]{0,62}$", name)) && endswith(l.zip, ".zip")])
    error_message = "A layer needs a short name of lower-case letters, digits and hyphens, a letter first, and a .zip file."
  }
}

variable "log_retention_days" {
  description = "How long the functions' logs are kept."
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

variable "role_arn" {
  description = "Role the functions run as."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", var.role_arn))
    error_message = "role_arn must be the ARN of an IAM role."
  }
}

variable "runtime" {
  description = "Python of the functions and layers."
  type        = string
  default     = "python3.11"
  nullable    = false

  validation {
    condition     = contains(["python3.11", "python3.12", "python3.13"], var.runtime)
    error_message = "runtime must be python3.11, python3.12 or python3.13."
  }
}
