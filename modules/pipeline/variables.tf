variable "alias" {
  description = "Name that stands for the newest published version. Null: as modules/stepfunctions has it."
  type        = string
  default     = null
}

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

variable "failure_states" {
  description = "Fail states beside Failed: the errors (names or, with a * at the end, beginnings) of which executions end there, so that people and alarms can tell them apart."
  type        = map(object({ comment = optional(string), errors = set(string) }))
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for name in keys(var.failure_states) : can(regex("^[A-Z][A-Za-z0-9]{0,79}$", name)) && !contains([
        "AwaitClaim", "CheckCause", "CheckKind", "CheckVersionId", "ChooseJob", "Claim", "ClassifyFailure",
        "ClassifyRun", "Clean", "Curate", "DescribeHolder", "Duplicate", "EvaluateClaim", "EvaluateHolder",
        "Failed", "FindCurrentVersion", "FindGeneration", "Notify", "ReadClaim", "ReadGenerations", "ReadRun",
        "Reconcile", "RecordFailure", "RecordFolder", "RecordSuccess", "Refresh", "RefreshClaim", "ReleaseClaim", "Remove",
        "Superseded", "TakeOver", "UseNullVersion",
      ], name)
    ])
    error_message = "A failure state's name must be 1 to 80 letters and digits, a capital first, and not a state of the pipeline."
  }
  validation {
    condition     = alltrue([for s in var.failure_states : length(s.errors) > 0 && alltrue([for e in s.errors : can(regex("^[A-Za-z0-9_.]+[*]?$", e)) && e != "States.ALL"])])
    error_message = "A failure state needs errors: names such as Glue.AWSGlueException, with a * at the end for all that begin so; what is left ends in Failed."
  }
}

variable "job_timeout_seconds" {
  description = "Limit of one job's task: the job's own timeout and its time in the queue."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.job_timeout_seconds >= 60 && var.job_timeout_seconds < var.timeout_seconds
    error_message = "job_timeout_seconds must be at least 60 and less than timeout_seconds, or no failure could be recorded."
  }
}

variable "jobs" {
  description = "Makes the machine jobs, which runs Glue jobs for whole tables: the role that it runs as. Null: none."
  type        = object({ role_arn = string })
  default     = null

  validation {
    condition     = var.jobs == null ? true : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", var.jobs.role_arn))
    error_message = "jobs.role_arn must be the ARN of an IAM role."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the logs and the table of claims."
  type        = string
  nullable    = false
}

variable "log_level" {
  description = "What the executions log: ALL, ERROR or FATAL; OFF needs opt_out. Null: as modules/stepfunctions has it."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long the executions' logs are kept. Null: as modules/stepfunctions has it."
  type        = number
  default     = null
}

variable "opt_out" {
  description = "Security defaults to switch off, each with its reason: logging, point_in_time_recovery, tracing."
  type        = map(object({ reason = string }))
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for default, o in var.opt_out : contains(["logging", "point_in_time_recovery", "tracing"], default) && length(trimspace(o.reason)) >= 10
    ])
    error_message = "opt_out may name logging, point_in_time_recovery and tracing, each with a reason of at least 10 characters."
  }
}

variable "reprocess" {
  description = "Makes the machine reprocess, which processes objects again: the role that it runs as, and how many objects at once. Null: none."
  type = object({
    max_concurrency = optional(number, 5)
    role_arn        = string
  })
  default = null

  validation {
    condition     = var.reprocess == null ? true : var.reprocess.max_concurrency >= 1 && var.reprocess.max_concurrency <= 1000
    error_message = "reprocess.max_concurrency must lie between 1 and 1000."
  }

  validation {
    condition     = var.reprocess == null ? true : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", var.reprocess.role_arn))
    error_message = "reprocess.role_arn must be the ARN of an IAM role."
  }
}

variable "retries" {
  description = "Retries by service, instead of the module's own: what is tried again, and how. Always with full jitter."
  type = map(object({
    backoff_rate      = optional(number, 2)
    errors            = set(string)
    interval_seconds  = optional(number, 2)
    max_attempts      = optional(number, 6)
    max_delay_seconds = optional(number, 60)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for service in keys(var.retries) : contains(["dynamodb", "glue", "lambda", "sns", "states"], service)])
    error_message = "retries may name dynamodb, glue, lambda, sns and states."
  }
  validation {
    condition     = alltrue([for r in var.retries : length(r.errors) > 0 && alltrue([for e in r.errors : !startswith(e, "States.")])])
    error_message = "retries must name errors that pass by themselves (throttling, concurrency), never States.ALL or States.TaskFailed: a failed job would fail as often and cost as much."
  }
  validation {
    condition = alltrue([
      for r in var.retries : r.backoff_rate >= 1 && r.interval_seconds >= 1 && r.max_attempts >= 0 && r.max_attempts <= 100 &&
      r.max_delay_seconds > r.interval_seconds && r.max_delay_seconds < 31622400
    ])
    error_message = "retries need backoff_rate >= 1, interval_seconds >= 1, max_attempts from 0 to 100, and max_delay_seconds greater than interval_seconds."
  }
}

variable "role_arn" {
  description = "Role that the state machine runs as."
  type        = string
  nullable    = false
}

variable "timeout_seconds" {
  description = "Limit of one execution."
  type        = number
  default     = 10800
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 300 && var.timeout_seconds <= 31536000
    error_message = "timeout_seconds must lie between 300 and 31536000, a year."
  }
}
