variable "administrators" {
  description = "ARNs (wildcards allowed) of the principals that may list a restricted bucket to manage it; they read no data."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.administrators) > 0 && alltrue([for a in var.administrators : can(regex("^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:.+", a))])
    error_message = "administrators must be ARNs of IAM principals (wildcards allowed), at least one, which plans the buckets."
  }
}

variable "buckets" {
  description = <<-EOT
    The buckets by short name. `access` maps the ARN (or ARN pattern) of a principal to the prefixes it may read or
    write, "*" for the whole bucket; all others are denied. Without `access` only IAM decides. `lifecycle_rules`
    expire or move what lies under a prefix, `transitions` maps a storage class to its day. `opt_out` switches a
    default off: access_logging, kms or versioning.
  EOT
  type = map(object({
    access = optional(object({
      read  = map(list(string))
      write = map(list(string))
    }))
    events      = optional(bool, false)
    expire_days = optional(number)
    lifecycle_rules = optional(map(object({
      expire_days = optional(number)
      prefix      = string
      transitions = optional(map(number), {})
    })), {})
    noncurrent_days      = optional(number, 30)
    opt_out              = optional(map(object({ reason = string })), {})
    receives_access_logs = optional(bool, false)
  }))
  nullable = false

  validation {
    # 63 characters are S3's limit; project, environment, account and hyphens take 37 of them.
    condition     = alltrue([for name in keys(var.buckets) : can(regex("^[a-z0-9]([a-z0-9-]{0,24}[a-z0-9])?$", name))])
    error_message = "A bucket's short name must be 1 to 26 lower-case letters, digits and hyphens, no hyphen at its ends."
  }
  validation {
    condition = length([for b in var.buckets : b if b.receives_access_logs]) == (
      alltrue([for b in var.buckets : contains(keys(b.opt_out), "access_logging")]) ? 0 : 1
    )
    error_message = "Exactly one bucket must have receives_access_logs = true (none if every bucket opts out of access_logging)."
  }
  validation {
    condition = alltrue([
      for b in var.buckets : length(b.access.read) > 0 && length(b.access.write) > 0 if b.access != null
    ])
    error_message = "A bucket with access needs at least one reader and one writer; a bucket without users is a mistake."
  }
  validation {
    condition = alltrue(flatten([
      for b in var.buckets : [
        for arn in concat(keys(b.access.read), keys(b.access.write)) : can(regex("^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:.+", arn))
      ] if b.access != null
    ]))
    error_message = "access must map ARNs of IAM principals (wildcards allowed after the account)."
  }
  validation {
    condition = alltrue(flatten([
      for b in var.buckets : [
        for prefixes in concat(values(b.access.read), values(b.access.write)) :
        length(prefixes) > 0 && alltrue([for p in prefixes : endswith(p, "*") && !startswith(p, "/")])
      ] if b.access != null
    ]))
    error_message = "access must map a principal to at least one prefix that ends in * and does not start with a slash."
  }
  validation {
    condition = alltrue(flatten([
      for b in var.buckets : [
        for days in concat([b.expire_days, b.noncurrent_days], [for r in b.lifecycle_rules : r.expire_days]) :
        days >= 1 && days <= 36500 && floor(days) == days if days != null
      ]
    ]))
    error_message = "expire_days and noncurrent_days must be whole numbers between 1 and 36500."
  }
  validation {
    condition = alltrue(flatten([
      for b in var.buckets : [
        for id, r in b.lifecycle_rules : can(regex("^[a-z0-9-]{1,64}$", id)) && !startswith(r.prefix, "/") &&
        (r.expire_days != null || length(r.transitions) > 0)
      ]
    ]))
    error_message = "A lifecycle rule needs a name of lower-case letters, digits and hyphens, a prefix without a leading slash, and expire_days or transitions."
  }
  validation {
    condition = alltrue(flatten([
      for b in var.buckets : [
        for r in b.lifecycle_rules : [
          for class, day in r.transitions :
          contains(["DEEP_ARCHIVE", "GLACIER", "GLACIER_IR", "INTELLIGENT_TIERING", "ONEZONE_IA", "STANDARD_IA"], class) &&
          day >= (endswith(class, "_IA") ? 30 : 1) && (r.expire_days == null ? true : day < r.expire_days)
        ]
      ]
    ]))
    error_message = "transitions map DEEP_ARCHIVE, GLACIER, GLACIER_IR, INTELLIGENT_TIERING, ONEZONE_IA or STANDARD_IA (the last two after 30 days or later) to a day before expire_days."
  }
  validation {
    condition = alltrue(flatten([
      for b in var.buckets : [
        for default, o in b.opt_out :
        contains(["access_logging", "kms", "versioning"], default) && length(trimspace(o.reason)) >= 10
      ]
    ]))
    error_message = "opt_out may name access_logging, kms and versioning, each with a reason of at least 10 characters."
  }
}

variable "disposable" {
  description = "Whether a destroy may delete buckets that still hold objects."
  type        = bool
  default     = false
  nullable    = false
}

variable "key_deletion_days" {
  description = "Days between the key's destruction and its end, in which it can be saved."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_days >= 7 && var.key_deletion_days <= 30
    error_message = "key_deletion_days must lie between 7 and 30, KMS's limits."
  }
}
