variable "databases" {
  description = "Databases by short name; retention_days is how long Time Travel keeps what was dropped."
  type        = map(object({ retention_days = optional(number, 1) }))
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.databases) : can(regex("^[A-Z][A-Z0-9_]{0,29}$", key))])
    error_message = "Keys of databases must be short upper-case names such as LAKE."
  }
  validation {
    condition     = alltrue([for d in values(var.databases) : d.retention_days >= 0 && d.retention_days <= 90 && floor(d.retention_days) == d.retention_days])
    error_message = "databases.retention_days must be a whole number from 0 to 90; above 1 needs the Enterprise edition."
  }
}

variable "external_tables" {
  description = "External tables by path, over the files below `path` of a stage. Columns stand in the table's order. A column's value comes from a field of the file (default: its name in lower case), from the key `partition` of the path (day for day=2013-01-05/), or from a `partition_expression` over metadata$filename. `current` adds the view <TABLE>_CURRENT of the newest row per key."
  type = map(object({
    columns = list(object({
      field                = optional(string)
      name                 = string
      partition            = optional(string)
      partition_expression = optional(string)
      type                 = string
    }))
    current = optional(object({ key = list(string), order_by = list(string) }))
    path    = string
    pattern = optional(string)
    stage   = string
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key, t in var.external_tables : can(regex("^[A-Z][A-Z0-9_]*\\.[A-Z][A-Z0-9_]*\\.[A-Z][A-Z0-9_]*$", key)) && contains(keys(var.schemas), join(".", slice(split(".", key), 0, 2))) && contains(keys(var.stages), t.stage)
    ])
    error_message = "Keys of external_tables must be <database>.<schema>.<table> in one of schemas, and stage one of stages."
  }
  validation {
    condition     = alltrue([for t in values(var.external_tables) : can(regex("^[^/*][^*]*/$", t.path))])
    error_message = "external_tables.path must end, and not start, with a slash."
  }
  validation {
    condition     = alltrue(flatten([for t in values(var.external_tables) : [for c in t.columns : can(regex("^[A-Z][A-Z0-9_$]*$", c.name)) && can(regex("^[A-Z][A-Z_]*(\\([0-9]+(, ?[0-9]+)?\\))?$", c.type))]]))
    error_message = "Columns of external_tables must have an upper-case name and one of Snowflake's types in upper case, such as VARCHAR or NUMBER(38,0)."
  }
  validation {
    condition     = alltrue([for t in values(var.external_tables) : length(distinct(t.columns[*].name)) == length(t.columns)])
    error_message = "A column of external_tables may occur once only."
  }
  validation {
    condition     = alltrue(flatten([for t in values(var.external_tables) : [for c in t.columns : length(compact([c.field, c.partition, c.partition_expression])) <= 1]]))
    error_message = "A column of external_tables has one source only: field, partition or partition_expression."
  }
  validation {
    # Both become part of an expression in SQL.
    condition = alltrue(flatten([for t in values(var.external_tables) : [for c in t.columns : (
      can(regex("^[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)*$", coalesce(c.field, "none"))) &&
      can(regex("^[A-Za-z_][A-Za-z0-9_-]*$", coalesce(c.partition, "none")))
    )]]))
    error_message = "external_tables: field must be a plain name or a path such as origin.name, partition a plain name."
  }
  validation {
    condition     = alltrue([for t in values(var.external_tables) : length(compact(concat(t.columns[*].partition, t.columns[*].partition_expression))) > 0])
    error_message = "At least one column of each of external_tables must be a partition, or every query reads every file."
  }
  validation {
    condition = alltrue([for t in values(var.external_tables) : t.current == null ? true : (
      length(t.current.key) > 0 && length(t.current.order_by) > 0 && length(setsubtract(concat(t.current.key, t.current.order_by), t.columns[*].name)) == 0
    )])
    error_message = "external_tables.current must name columns of the table, at least one in key and one in order_by."
  }
}

variable "integration_name" {
  description = "Name of the storage integration, through which the stages read."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Z][A-Z0-9_$]{0,254}$", var.integration_name))
    error_message = "integration_name must be an upper-case identifier."
  }
}

variable "resource_monitors" {
  description = "Monitors by short name: credits a month, and at which percentages somebody is told, new statements wait, running ones are stopped."
  type = map(object({
    credit_quota                = number
    notify_percent              = optional(set(number), [50, 80])
    notify_users                = optional(set(string), [])
    suspend_immediately_percent = optional(number, 110)
    suspend_percent             = optional(number, 100)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key, m in var.resource_monitors : can(regex("^[A-Z][A-Z0-9_]{0,29}$", key)) && m.credit_quota >= 1 && floor(m.credit_quota) == m.credit_quota])
    error_message = "Keys of resource_monitors must be short upper-case names, credit_quota a whole number of credits from 1."
  }
  validation {
    condition = alltrue([for m in values(var.resource_monitors) : (
      m.suspend_percent >= 1 && m.suspend_immediately_percent >= m.suspend_percent && alltrue([for n in m.notify_percent : n >= 1 && n <= m.suspend_percent])
    )])
    error_message = "resource_monitors: notify_percent must not come after suspend_percent, nor suspend_percent after suspend_immediately_percent."
  }
  validation {
    condition     = alltrue(flatten([for m in values(var.resource_monitors) : [for user in m.notify_users : can(regex("^[A-Z_][A-Z0-9_$]*$", user))]]))
    error_message = "resource_monitors.notify_users must be upper-case identifiers of users."
  }
}

variable "roles" {
  description = "Roles by short name, each granted to its `parents` (other roles here, or of the account). Per schema: kinds of objects it owns from creation on, kinds it reads, privileges beside USAGE; and the stages and warehouses it uses."
  type = map(object({
    parents = optional(set(string), ["SYSADMIN"])
    schemas = optional(map(object({
      owns       = optional(set(string), [])
      privileges = optional(set(string), [])
      reads      = optional(set(string), [])
    })), {})
    stages     = optional(set(string), [])
    warehouses = optional(set(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key, r in var.roles : can(regex("^[A-Z][A-Z0-9_]{0,29}$", key)) && !contains(r.parents, key) && alltrue([for p in r.parents : can(regex("^[A-Z][A-Z0-9_]*$", p)) && p != "PUBLIC"])])
    error_message = "Keys of roles must be short upper-case names; parents other roles here or of the account, but not PUBLIC, which every user has."
  }
  validation {
    condition = alltrue([for r in values(var.roles) : (
      length(setsubtract(keys(r.schemas), keys(var.schemas))) + length(setsubtract(r.stages, keys(var.stages))) + length(setsubtract(r.warehouses, keys(var.warehouses))) == 0
    )])
    error_message = "roles may refer to keys of schemas, stages and warehouses only."
  }
  validation {
    condition     = alltrue(flatten([for r in values(var.roles) : [for s in values(r.schemas) : [for kind in setunion(s.owns, s.reads) : contains(["EXTERNAL TABLES", "TABLES", "VIEWS"], kind)]]]))
    error_message = "roles.schemas: owns and reads must be of EXTERNAL TABLES, TABLES and VIEWS."
  }
  validation {
    condition     = alltrue(flatten([for r in values(var.roles) : [for s in values(r.schemas) : [for p in s.privileges : can(regex("^(CREATE [A-Z ]+|MODIFY|MONITOR|USAGE)$", p))]]]))
    error_message = "roles.schemas.privileges must be USAGE, MONITOR, MODIFY or CREATE <kind>; ALL and OWNERSHIP are never granted."
  }
  validation {
    condition     = alltrue([for owned in [flatten([for r in values(var.roles) : [for schema, s in r.schemas : [for kind in s.owns : "${schema} ${kind}"]]])] : length(owned) == length(distinct(owned))])
    error_message = "Only one of roles can own a kind of objects in a schema."
  }
}

variable "schemas" {
  description = "Schemas by path. Access is managed, unless opt_out.managed_access says why not."
  type        = map(object({ opt_out = optional(map(object({ reason = string })), {}) }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.schemas) : can(regex("^[A-Z][A-Z0-9_]*\\.[A-Z][A-Z0-9_]*$", key)) && contains(keys(var.databases), split(".", key)[0])])
    error_message = "Keys of schemas must be <database>.<schema> in one of databases."
  }
  validation {
    condition     = alltrue(flatten([for s in values(var.schemas) : [for name, o in s.opt_out : name == "managed_access" && length(trimspace(o.reason)) >= 10]]))
    error_message = "schemas.opt_out knows managed_access only, with a reason of at least 10 characters."
  }
}

variable "service_users" {
  description = "Users of programs by short name: the role and warehouse they start with, and either the AWS role or the OIDC subject they log in as."
  type = map(object({
    aws_role_arn = optional(string)
    oidc = optional(object({
      audiences = optional(list(string), ["snowflakecomputing.com"])
      issuer    = optional(string, "https://token.actions.githubusercontent.com")
      subject   = string
    }))
    role      = string
    warehouse = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([for key, u in var.service_users : (
      can(regex("^[A-Z][A-Z0-9_]{0,29}$", key)) && contains(keys(var.roles), u.role) && (u.warehouse == null ? true : contains(keys(var.warehouses), u.warehouse))
    )])
    error_message = "Keys of service_users must be short upper-case names, role one of roles, warehouse one of warehouses."
  }
  validation {
    condition     = alltrue([for u in values(var.service_users) : (u.aws_role_arn == null) != (u.oidc == null)])
    error_message = "Each of service_users must have either aws_role_arn or oidc: no other login exists."
  }
  validation {
    condition     = alltrue([for u in values(var.service_users) : u.aws_role_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", u.aws_role_arn))])
    error_message = "service_users.aws_role_arn must be the ARN of one IAM role."
  }
  validation {
    condition     = alltrue([for u in values(var.service_users) : u.oidc == null ? true : startswith(u.oidc.issuer, "https://") && length(u.oidc.subject) > 0 && !strcontains(u.oidc.subject, "*")])
    error_message = "service_users.oidc must have an https:// issuer and one exact subject without a wildcard."
  }
  validation {
    condition     = alltrue([for u in values(var.service_users) : u.oidc == null ? true : length(u.oidc.audiences) > 0])
    error_message = "service_users.oidc must name at least one of audiences."
  }
}

variable "stages" {
  description = "Stages by path: short name of the bucket, prefix in it, and the format of the files, parquet or json."
  type = map(object({
    bucket = string
    file_format = optional(object({
      json    = optional(object({ compression = optional(string, "AUTO"), strip_outer_array = optional(bool, false) }))
      parquet = optional(object({ compression = optional(string, "AUTO") }))
    }), { parquet = {} })
    prefix = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.stages) : can(regex("^[A-Z][A-Z0-9_]*\\.[A-Z][A-Z0-9_]*\\.[A-Z][A-Z0-9_]*$", key)) && contains(keys(var.schemas), join(".", slice(split(".", key), 0, 2)))])
    error_message = "Keys of stages must be <database>.<schema>.<stage> in one of schemas."
  }
  validation {
    condition     = alltrue([for s in values(var.stages) : can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", s.bucket)) && can(regex("^[^/*][^*]*/$", s.prefix))])
    error_message = "stages.bucket must be a short name such as processed; stages.prefix must end, and not start, with a slash."
  }
  validation {
    condition = alltrue([for s in values(var.stages) : (
      s.file_format.json == null ? can(regex("^(AUTO|SNAPPY|NONE)$", s.file_format.parquet.compression)) : s.file_format.parquet == null && can(regex("^(AUTO|GZIP|ZSTD|NONE)$", s.file_format.json.compression))
    )])
    error_message = "stages.file_format must be either parquet (compression AUTO, SNAPPY or NONE) or json (AUTO, GZIP, ZSTD or NONE)."
  }
}

variable "warehouses" {
  description = "Warehouses by short name: size, idle seconds after which it is suspended, longest statement, and the monitor that caps it (or opt_out.resource_monitor with the reason for none)."
  type = map(object({
    auto_suspend_seconds      = optional(number, 60)
    opt_out                   = optional(map(object({ reason = string })), {})
    resource_monitor          = optional(string)
    size                      = optional(string, "XSMALL")
    statement_timeout_seconds = optional(number, 3600)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key, w in var.warehouses : can(regex("^[A-Z][A-Z0-9_]{0,29}$", key)) && contains(["XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "XXLARGE"], w.size)])
    error_message = "Keys of warehouses must be short upper-case names, size XSMALL, SMALL, MEDIUM, LARGE, XLARGE or XXLARGE."
  }
  validation {
    condition     = alltrue([for w in values(var.warehouses) : w.auto_suspend_seconds >= 30 && w.auto_suspend_seconds <= 3600 && w.statement_timeout_seconds >= 60 && w.statement_timeout_seconds <= 172800])
    error_message = "warehouses.auto_suspend_seconds must be from 30 to 3600 (0 would mean never), statement_timeout_seconds from 60 to 172800."
  }
  validation {
    condition     = alltrue([for w in values(var.warehouses) : w.resource_monitor == null ? contains(keys(w.opt_out), "resource_monitor") : contains(keys(var.resource_monitors), w.resource_monitor)])
    error_message = "Each of warehouses needs one of resource_monitors, or opt_out.resource_monitor with the reason for none."
  }
  validation {
    condition     = alltrue(flatten([for w in values(var.warehouses) : [for name, o in w.opt_out : name == "resource_monitor" && length(trimspace(o.reason)) >= 10]]))
    error_message = "warehouses.opt_out knows resource_monitor only, with a reason of at least 10 characters."
  }
}
