variable "allowed" {
  description = "What Snowflake may read: short name of a bucket of this environment => prefixes in it."
  type        = map(set(string))
  nullable    = false

  validation {
    condition     = length(var.allowed) > 0 && alltrue([for prefixes in values(var.allowed) : length(prefixes) > 0])
    error_message = "allowed must name at least one bucket, and at least one prefix of each."
  }
  validation {
    condition     = alltrue([for bucket in keys(var.allowed) : can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", bucket))])
    error_message = "Keys of allowed must be short names of buckets such as processed: 3 to 20 lower-case letters, digits and dashes."
  }
  validation {
    condition     = alltrue([for p in flatten([for prefixes in values(var.allowed) : tolist(prefixes)]) : can(regex("^[^/*][^*]*/$", p))])
    error_message = "allowed must hold exact prefixes that end, and do not start, with a slash; a whole bucket or a wildcard is never needed."
  }
}

variable "blocked" {
  description = "Prefixes inside the allowed ones that Snowflake may not read, in the same form."
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition = alltrue(flatten([for bucket, prefixes in var.blocked : [
      for p in prefixes : anytrue([for a in lookup(var.allowed, bucket, []) : startswith(p, a) && p != a])
    ]]))
    error_message = "Each prefix in blocked must lie inside an allowed one of the same bucket; what is not allowed needs no block."
  }
}

variable "enabled" {
  description = "Whether stages may use the integration; false stops every read at once."
  type        = bool
  default     = true
  nullable    = false
}

variable "external_id" {
  description = "External id that Snowflake presents; ours, so that it survives a re-creation of the integration."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.external_id) >= 8 && length(var.external_id) <= 1224 && can(regex("^[A-Za-z0-9+=,.@:/_-]+$", var.external_id))
    error_message = "external_id must have 8 to 1224 letters, digits and + = , . @ : / _ - (what STS accepts), and no blank."
  }
}

variable "name" {
  description = "Short name; the integration is called <PROJECT>_<NAME>_<ENVIRONMENT>."
  type        = string
  default     = "S3"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Z][A-Z0-9_]{0,29}$", var.name))
    error_message = "name must be 1 to 30 upper-case letters, digits and underscores, a letter first."
  }
}

variable "role" {
  description = "Short name of the role that Snowflake assumes; it may be made later."
  type        = string
  default     = "snowflake"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,29}$", var.role))
    error_message = "role must be a short name such as snowflake: 2 to 30 lower-case letters, digits and dashes."
  }
}
