variable "architecture" {
  description = "Processor of the functions; the layer holds compiled code for it."
  type        = string
  default     = "x86_64"
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
  description = "Environment variables of the functions. No secrets: they log in as their role."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "functions" {
  description = "The functions by short name: zip (a file in artifacts_dir), handler and size."
  type = map(object({
    description     = optional(string)
    handler         = string
    memory_mb       = optional(number, 512)
    timeout_seconds = optional(number, 300)
    zip             = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for f in var.functions : f.timeout_seconds >= 1 && f.timeout_seconds <= 900])
    error_message = "timeout_seconds must lie between 1 and 900."
  }
}

variable "kms_key_arn" {
  description = "Key for the logs."
  type        = string
  nullable    = false
}

variable "layer_zip" {
  description = "Zip of the libraries that the functions share, a file in artifacts_dir."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the functions' logs are kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "role_arn" {
  description = "Role the functions run as."
  type        = string
  nullable    = false
}
