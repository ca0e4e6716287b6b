variable "key_prefix" {
  description = "Keys that start the pipeline begin with it."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.key_prefix, "/") && !startswith(var.key_prefix, "/")
    error_message = "key_prefix must end, and not start, with a slash."
  }
}

variable "key_suffix" {
  description = "Keys that start the pipeline end with it."
  type        = string
  nullable    = false
}

variable "role_arn" {
  description = "Role that starts the state machine."
  type        = string
  nullable    = false
}
