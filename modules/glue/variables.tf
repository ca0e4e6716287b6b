variable "artifacts_bucket" {
  description = "Bucket that receives scripts and library."
  type        = string
  nullable    = false
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

variable "jobs" {
  description = "The jobs by short name: script and library (files in artifacts_dir) and size."
  type = map(object({
    library             = optional(string)
    max_concurrent_runs = optional(number, 5)
    number_of_workers   = optional(number, 2)
    script              = string
    timeout_minutes     = optional(number, 30)
    worker_type         = optional(string, "G.1X")
  }))
  nullable = false

  validation {
    condition     = alltrue([for j in var.jobs : j.number_of_workers >= 2])
    error_message = "A Spark job on Glue needs at least 2 workers."
  }
  validation {
    condition = alltrue([
      for j in var.jobs : contains(["G.1X", "G.2X", "G.4X", "G.8X", "R.1X", "R.2X", "R.4X", "R.8X"], j.worker_type)
    ])
    error_message = "worker_type must be one of G.1X to G.8X or R.1X to R.8X."
  }
  validation {
    condition     = alltrue([for j in var.jobs : j.timeout_minutes >= 1 && j.timeout_minutes <= 480])
    error_message = "timeout_minutes must lie between 1 and 480."
  }
}

variable "kms_key_arn" {
  description = "Key for what the jobs write and log."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the jobs' logs are kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "role_arn" {
  description = "Role the jobs run as."
  type        = string
  nullable    = false
}
