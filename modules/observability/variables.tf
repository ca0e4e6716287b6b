variable "jobs" {
  description = "Short names of the Glue jobs to watch."
  type        = set(string)
  nullable    = false
}

variable "subscribers" {
  description = "E-mail addresses that are told of failures; each has to confirm once."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for s in var.subscribers : can(regex("^[^@ ]+@[^@ ]+$", s))])
    error_message = "subscribers must be e-mail addresses."
  }
}
