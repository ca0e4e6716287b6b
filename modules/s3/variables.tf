variable "administrators" {
  description = "ARN patterns of the principals that may list a restricted bucket in order to manage it; they read no data."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.administrators) > 0 && alltrue([for a in var.administrators : startswith(a, "arn:")])
    error_message = "administrators must name at least one ARN (wildcards allowed), or nobody could plan the buckets."
  }
}

variable "buckets" {
  description = <<-EOT
    The buckets by short name. `access` maps the ARN (or ARN pattern) of a principal to the prefixes it may read or
    write, "*" for the whole bucket; everybody else is denied. Without `access` only IAM decides.
    `unversioned_because` switches versioning off and says why.
  EOT
  type = map(object({
    access = optional(object({
      read  = map(list(string))
      write = map(list(string))
    }))
    events               = optional(bool, false)
    expire_days          = optional(number)
    noncurrent_days      = optional(number, 30)
    receives_access_logs = optional(bool, false)
    unversioned_because  = optional(string)
  }))
  nullable = false

  validation {
    condition     = length([for b in var.buckets : b if b.receives_access_logs]) == 1
    error_message = "Exactly one bucket must have receives_access_logs = true."
  }
  validation {
    condition = alltrue([
      for b in var.buckets : length(b.access.read) > 0 && length(b.access.write) > 0 if b.access != null
    ])
    error_message = "A bucket with access needs at least one reader and one writer; a bucket nobody may use is a mistake."
  }
  validation {
    condition = alltrue(flatten([
      for b in var.buckets : [
        for arn, prefixes in merge(b.access.read, b.access.write) :
        startswith(arn, "arn:") && length(prefixes) > 0 && alltrue([for p in prefixes : endswith(p, "*") && !startswith(p, "/")])
      ] if b.access != null
    ]))
    error_message = "access maps an ARN to at least one prefix that ends in * and does not start with a slash."
  }
}

variable "disposable" {
  description = "Whether a destroy may delete buckets that still hold objects."
  type        = bool
  default     = false
  nullable    = false
}
