variable "artifacts_bucket" {
  description = "Bucket that receives scripts and libraries."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.artifacts_bucket))
    error_message = "artifacts_bucket must be the name of an S3 bucket."
  }
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

variable "glue_version" {
  description = "Version of Glue, and with it of Spark and Python: 5.0 or 5.1."
  type        = string
  default     = "5.1"
  nullable    = false

  validation {
    condition     = contains(["5.0", "5.1"], var.glue_version)
    error_message = "glue_version must be 5.0 or 5.1; the jobs are tested on no other."
  }
}

variable "jobs" {
  description = <<-EOT
    The jobs by short name. `script`, `libraries` (zips of Python modules) and `wheels` are files in artifacts_dir;
    `arguments` are default arguments of the job's own. `bookmarks` remember what was read between runs: for sweeps
    only, a run that is told its object needs none. `queuing` lets a run wait for capacity instead of failing.
  EOT
  type = map(object({
    arguments           = optional(map(string), {})
    auto_scaling        = optional(bool, false)
    bookmarks           = optional(bool, false)
    description         = optional(string)
    execution_class     = optional(string, "STANDARD")
    libraries           = optional(list(string), [])
    max_concurrent_runs = optional(number, 5)
    number_of_workers   = optional(number, 2)
    queuing             = optional(bool, true)
    script              = string
    timeout_minutes     = optional(number, 30)
    wheels              = optional(list(string), [])
    worker_type         = optional(string, "G.1X")
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.jobs) : can(regex("^[a-z][a-z0-9-]{0,62}$", name))])
    error_message = "A job's short name must be 1 to 63 lower-case letters, digits and hyphens, a letter first."
  }
  validation {
    condition     = alltrue([for j in var.jobs : endswith(j.script, ".py") && alltrue([for l in j.libraries : can(regex("[.](py|zip|egg)$", l))]) && alltrue([for w in j.wheels : endswith(w, ".whl")])])
    error_message = "script must be a .py file, libraries .zip, .egg or .py files, wheels .whl files."
  }
  validation {
    condition     = alltrue([for j in var.jobs : j.number_of_workers >= 2 && j.number_of_workers <= 299])
    error_message = "number_of_workers must lie between 2 (a driver and an executor) and 299."
  }
  validation {
    condition = alltrue([
      for j in var.jobs : contains(["G.1X", "G.2X", "G.4X", "G.8X", "R.1X", "R.2X", "R.4X", "R.8X"], j.worker_type)
    ])
    error_message = "worker_type must be one of G.1X to G.8X or R.1X to R.8X."
  }
  validation {
    condition     = alltrue([for j in var.jobs : contains(["FLEX", "STANDARD"], j.execution_class)])
    error_message = "execution_class must be STANDARD, or FLEX for work that may wait for spare capacity."
  }
  validation {
    condition     = alltrue([for j in var.jobs : contains(["G.1X", "G.2X"], j.worker_type) if j.execution_class == "FLEX"])
    error_message = "execution_class FLEX runs on G.1X and G.2X only."
  }
  validation {
    condition     = alltrue([for j in var.jobs : j.timeout_minutes >= 1 && j.timeout_minutes <= 480])
    error_message = "timeout_minutes must lie between 1 and 480."
  }
  validation {
    condition     = alltrue([for j in var.jobs : j.max_concurrent_runs >= 1 && j.max_concurrent_runs <= (j.bookmarks ? 1 : 1000)])
    error_message = "max_concurrent_runs must lie between 1 and 1000, and be 1 for a job with bookmarks: runs side by side would read the same data."
  }
  validation {
    condition = alltrue(flatten([
      for j in var.jobs : [for name in keys(j.arguments) : startswith(name, "--") && !contains(local.own_arguments, name)]
    ]))
    error_message = "arguments must begin with -- and may not be those that the module sets itself: ${join(", ", local.own_arguments)}."
  }
}

variable "kms_key_arn" {
  description = "Key for what the jobs write, remember and log."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "log_retention_days" {
  description = "How long the jobs' logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "log_retention_days must be a period that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "role_arn" {
  description = "Role the jobs run as."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", var.role_arn))
    error_message = "role_arn must be the ARN of an IAM role."
  }
}

variable "tables" {
  description = "Tables of the catalog database by name: where the files lie, and their columns in order."
  type = map(object({
    columns        = list(object({ comment = optional(string), name = string, type = string }))
    description    = optional(string)
    format         = optional(string, "parquet")
    location       = string
    parameters     = optional(map(string), {})
    partition_keys = optional(list(object({ comment = optional(string), name = string, type = string })), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue(flatten([
      for name, t in var.tables : [for n in concat([name], t.columns[*].name, t.partition_keys[*].name) : can(regex("^[a-z_][a-z0-9_]{0,127}$", n))]
    ]))
    error_message = "Tables and columns must be named in lower-case letters, digits and underscores, a letter or underscore first."
  }
  validation {
    condition     = alltrue([for t in var.tables : length(t.columns) > 0 && length(distinct(concat(t.columns, t.partition_keys)[*].name)) == length(t.columns) + length(t.partition_keys)])
    error_message = "A table needs at least one column, and no two columns or partition keys may share a name."
  }
  validation {
    # Hive's types, in the catalogue's spelling: what Glue, Athena and Spark read.
    condition = alltrue(flatten([for t in var.tables : [
      for type in concat(t.columns, t.partition_keys)[*].type : can(regex("^(bigint|binary|boolean|date|double|float|int|smallint|string|timestamp|tinyint|(char|varchar)[(][0-9]+[)]|decimal[(][0-9]+,[0-9]+[)]|(array|map|struct)<.+>)$", type))
    ]]))
    error_message = "A column's type must be one of Hive's, in lower case, such as bigint, decimal(10,2) or array<string>."
  }
  validation {
    condition     = alltrue([for t in var.tables : contains(["json", "parquet"], t.format)])
    error_message = "format must be json or parquet."
  }
  validation {
    condition     = alltrue([for t in var.tables : can(regex("^s3://[a-z0-9.-]{3,63}/([^/].*/)?$", t.location))])
    error_message = "location must be an S3 folder such as s3://bucket/curated/flights/, with the slash at its end."
  }
}
