variable "role_arn" {
  description = "Role that starts the state machines."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", var.role_arn))
    error_message = "role_arn must be the ARN of an IAM role."
  }
}

variable "rules" {
  description = <<-EOT
    The rules by short name: objects under prefixes of a bucket (its short name) start a state machine (its short
    name). `archive_days` keeps the matching events for a replay. `transformer` says what the machine is given; without
    it bucket, key, etag, version_id, size, sequencer, event_id and time. What cannot be delivered after the retries
    waits two weeks in the rule's queue. `opt_out` switches a default off: kms.
  EOT
  type = map(object({
    archive_days = optional(number)
    description  = optional(string)
    enabled      = optional(bool, true)
    opt_out      = optional(map(object({ reason = string })), {})
    pattern = object({
      bucket       = string
      detail_types = optional(set(string), ["Object Created"])
      key_prefixes = optional(set(string), [""])
      key_suffix   = optional(string, "")
      min_bytes    = optional(number, 0)
    })
    retry = optional(object({
      max_age_seconds = optional(number, 86400)
      max_attempts    = optional(number, 185)
    }), {})
    state_machine = string
    transformer = optional(object({
      paths    = map(string)
      template = string
    }))
  }))
  nullable = false

  validation {
    # 64 characters are the limit of a rule's name; 48 of an archive's.
    condition     = alltrue([for name in keys(var.rules) : can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", name))])
    error_message = "A rule's short name must be 2 to 24 lower-case letters, digits and hyphens, a letter first."
  }
  validation {
    condition     = alltrue([for r in var.rules : can(regex("^[a-z0-9][a-z0-9-]*$", r.pattern.bucket)) && can(regex("^[a-z][a-z0-9-]*$", r.state_machine))])
    error_message = "pattern.bucket and state_machine must be short names; the module adds project, environment and account."
  }
  validation {
    condition = alltrue([
      for r in var.rules : length(r.pattern.detail_types) > 0 &&
      length(setsubtract(r.pattern.detail_types, ["Object Created", "Object Deleted", "Object Restore Completed", "Object Storage Class Changed"])) == 0
    ])
    error_message = "pattern.detail_types may name Object Created, Object Deleted, Object Restore Completed and Object Storage Class Changed, and names at least one."
  }
  validation {
    condition     = alltrue([for r in var.rules : length(r.pattern.key_prefixes) > 0 && alltrue([for p in r.pattern.key_prefixes : !startswith(p, "/") && !can(regex("[*\\\\]", "${p}${r.pattern.key_suffix}"))])])
    error_message = "pattern.key_prefixes and key_suffix must be plain text without * and \\, at least one prefix, none with a leading slash."
  }
  validation {
    condition     = alltrue([for r in var.rules : r.archive_days >= 1 && floor(r.archive_days) == r.archive_days if r.archive_days != null])
    error_message = "archive_days must be a whole number from 1; leave it out for no archive."
  }
  validation {
    condition = alltrue([
      for r in var.rules : r.retry.max_age_seconds >= 60 && r.retry.max_age_seconds <= 86400 &&
      r.retry.max_attempts >= 0 && r.retry.max_attempts <= 185
    ])
    error_message = "retry.max_age_seconds must lie between 60 and 86400, retry.max_attempts between 0 and 185."
  }
  validation {
    condition = alltrue([
      for r in var.rules : length(r.transformer.paths) <= 100 && alltrue([for name, path in r.transformer.paths : !startswith(name, "AWS") && startswith(path, "$.") && strcontains(r.transformer.template, "<${name}>")]) if r.transformer != null
    ])
    error_message = "transformer.paths must map names that the template uses (<name>) to JSON paths that begin with $."
  }
  validation {
    condition     = alltrue(flatten([for r in var.rules : [for default, o in r.opt_out : default == "kms" && length(trimspace(o.reason)) >= 10]]))
    error_message = "opt_out may name kms, with a reason of at least 10 characters."
  }
}

variable "schedules" {
  description = <<-EOT
    Rules by short name that start a state machine (its short name) by the clock: `expression` is EventBridge's, such as
    rate(1 day) or cron(0 6 * * ? *) in UTC, `input` what the machine is given, as JSON. `retry` and `opt_out` are as in rules.
  EOT
  type = map(object({
    description = optional(string)
    enabled     = optional(bool, true)
    expression  = string
    input       = optional(string, "{}")
    opt_out     = optional(map(object({ reason = string })), {})
    retry = optional(object({
      max_age_seconds = optional(number, 86400)
      max_attempts    = optional(number, 185)
    }), {})
    state_machine = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.schedules) : can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", name)) && !contains(keys(var.rules), name)])
    error_message = "A schedule's short name must be 2 to 24 lower-case letters, digits and hyphens, a letter first, and not that of a rule."
  }
  validation {
    condition     = alltrue([for s in var.schedules : can(regex("^(rate[(][1-9][0-9]* (minute|hour|day)s?[)]|cron[(][^ ()]+( [^ ()]+){5}[)])$", s.expression))])
    error_message = "schedules.expression must be rate(value unit), with minutes, hours or days, or cron of six fields."
  }
  validation {
    condition     = alltrue([for s in var.schedules : can(jsondecode(s.input)) && can(regex("^[a-z][a-z0-9-]*$", s.state_machine))])
    error_message = "schedules.input must be JSON, and state_machine a short name; the module adds project and environment."
  }
  validation {
    condition = alltrue([
      for s in var.schedules : s.retry.max_age_seconds >= 60 && s.retry.max_age_seconds <= 86400 &&
      s.retry.max_attempts >= 0 && s.retry.max_attempts <= 185
    ])
    error_message = "schedules.retry.max_age_seconds must lie between 60 and 86400, max_attempts between 0 and 185."
  }
  validation {
    condition     = alltrue(flatten([for s in var.schedules : [for default, o in s.opt_out : default == "kms" && length(trimspace(o.reason)) >= 10]]))
    error_message = "schedules.opt_out may name kms, with a reason of at least 10 characters."
  }
}
