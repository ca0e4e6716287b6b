variable "await_seconds" {
  description = "How long an execution waits before it asks again for an object that another one is working on."
  type        = number
  default     = 15
  nullable    = false

  validation {
    condition     = var.await_seconds >= 1 && var.await_seconds <= 300
    error_message = "await_seconds must lie between 1 and 300."
  }
}

variable "dataset" {
  description = "Data set that the jobs are told to work on."
  type        = string
  nullable    = false
}

variable "job_timeout_seconds" {
  description = "Limit of one job's task: the job's own timeout and its time in the queue."
  type        = number
  default     = 3600
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key for the logs."
  type        = string
  nullable    = false
}

variable "log_level" {
  description = "What the executions log: ALL, ERROR, FATAL or OFF. The execution's data are logged with ALL only."
  type        = string
  default     = "ERROR"
  nullable    = false

  validation {
    condition     = contains(["ALL", "ERROR", "FATAL", "OFF"], var.log_level)
    error_message = "log_level must be ALL, ERROR, FATAL or OFF."
  }
}

variable "log_retention_days" {
  description = "How long the executions' logs are kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "role_arn" {
  description = "Role the state machine runs as."
  type        = string
  nullable    = false
}

variable "timeout_seconds" {
  description = "Limit of one execution."
  type        = number
  default     = 10800
  nullable    = false
}
