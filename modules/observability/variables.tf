variable "datasets" {
  description = "Data sets whose new rows are watched: freshness_hours without one after which they count as stale. Jobs tell of rows by the metric RowsCurated in the namespace <project>/<environment>."
  type        = map(object({ freshness_hours = number }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.datasets) : can(regex("^[a-z][a-z0-9_]{0,62}$", name))])
    error_message = "datasets must have the names of data sets, such as orders: up to 63 lower-case letters, digits and underscores."
  }
  validation {
    condition     = alltrue([for d in var.datasets : d.freshness_hours >= 1 && d.freshness_hours <= 168 && floor(d.freshness_hours) == d.freshness_hours])
    error_message = "datasets.freshness_hours must be a whole number from 1 to 168: CloudWatch looks back seven days at most."
  }
}

variable "dead_letter_queues" {
  description = "Short names of the queues that must stay empty; the module's own is watched always."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.dead_letter_queues : can(regex("^[a-z][a-z0-9-]{1,39}$", name))])
    error_message = "dead_letter_queues must be short names such as raw-objects-dlq: 2 to 40 lower-case letters, digits and dashes."
  }
}

variable "jobs" {
  description = "Short names of the Glue jobs to watch."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.jobs : can(regex("^[a-z][a-z0-9-]{1,39}$", name))])
    error_message = "jobs must be short names such as clean: 2 to 40 lower-case letters, digits and dashes."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts topic, queue and log groups. Null: the environment's key by its alias, which log groups cannot use."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, arn:aws:kms:<region>:<account>:key/<id>."
  }
}

variable "log_groups" {
  description = "Log groups by their full names, for what makes none of its own; jobs, functions and state machines bring theirs."
  type        = map(object({ retention_days = optional(number, 365) }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.log_groups) : can(regex("^/[A-Za-z0-9_./#-]{1,511}$", name)) && !startswith(name, "/aws/lambda/")])
    error_message = "log_groups must be full names that start with a slash; a function's own group belongs to the module lambda."
  }
  validation {
    condition = alltrue([for group in values(var.log_groups) : contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], group.retention_days
    )])
    error_message = "log_groups.retention_days must be one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "opt_out" {
  description = "Defaults that are switched off, each with its reason: kms (AWS's own encryption instead)."
  type        = map(object({ reason = string }))
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.opt_out), ["kms"])) == 0
    error_message = "opt_out knows kms only; freshness is switched off for each state machine."
  }
  validation {
    condition     = alltrue([for o in values(var.opt_out) : length(trimspace(o.reason)) >= 10])
    error_message = "Each opt_out needs a reason of at least 10 characters."
  }
}

variable "state_machines" {
  description = "State machines to watch, by their short names. freshness_hours: hours without a successful execution after which data counts as stale. opt_out: freshness (no alarm for stale data), with its reason."
  type = map(object({
    freshness_hours = optional(number, 24)
    opt_out         = optional(map(object({ reason = string })), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.state_machines) : can(regex("^[a-z][a-z0-9-]{1,39}$", name))])
    error_message = "state_machines must have short names such as pipeline: 2 to 40 lower-case letters, digits and dashes."
  }
  validation {
    condition     = alltrue([for m in var.state_machines : m.freshness_hours >= 1 && m.freshness_hours <= 168 && floor(m.freshness_hours) == m.freshness_hours])
    error_message = "freshness_hours must be a whole number from 1 to 168: CloudWatch looks back seven days at most."
  }
  validation {
    condition     = alltrue([for m in var.state_machines : length(setsubtract(keys(m.opt_out), ["freshness"])) == 0 && alltrue([for o in m.opt_out : length(trimspace(o.reason)) >= 10])])
    error_message = "A state machine's opt_out knows freshness only, with a reason of at least 10 characters."
  }
}

variable "subscribers" {
  description = "E-mail addresses that are told of failures; each has to confirm once."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for s in var.subscribers : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", s))])
    error_message = "subscribers must be e-mail addresses."
  }
}
