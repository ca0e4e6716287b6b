variable "columns" {
  description = <<-EOT
    Columns of the external table, in order: name, Snowflake type, and where the value comes from: the field of the
    Parquet file (default: the name in lower case) or, for a partition column, the key of the path (`partition`).
  EOT
  type = list(object({
    field     = optional(string)
    name      = string
    partition = optional(string)
    type      = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for c in var.columns : can(regex("^[A-Z][A-Z0-9_]*$", c.name))])
    error_message = "Column names must be upper-case identifiers."
  }
  validation {
    condition     = length(distinct([for c in var.columns : c.name])) == length(var.columns)
    error_message = "A column may occur once only."
  }
  validation {
    condition     = length([for c in var.columns : c if c.partition != null]) > 0
    error_message = "At least one column must be a partition, or every query reads every file."
  }
}

variable "integration_name" {
  description = "Name of the storage integration."
  type        = string
  nullable    = false
}

variable "loader_role_arn" {
  description = "AWS role that logs in as the loader."
  type        = string
  nullable    = false
}

variable "newest" {
  description = "What identifies a row across objects, and the columns whose greatest value says which one is the newest."
  type = object({
    key      = list(string)
    order_by = list(string)
  })
  nullable = false
}

variable "prefix" {
  description = "Prefix of the processed bucket that the stage points at."
  type        = string
  default     = "curated/"
  nullable    = false

  validation {
    condition     = endswith(var.prefix, "/") && !startswith(var.prefix, "/")
    error_message = "prefix must end, and not start, with a slash."
  }
}

variable "table" {
  description = "Name of the external table; its folder is the name in lower case."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Z][A-Z0-9_]*$", var.table))
    error_message = "table must be an upper-case identifier."
  }
}

variable "warehouse" {
  description = "Size of the warehouse and the idle seconds after which it stops to cost."
  type = object({
    auto_suspend_seconds = optional(number, 60)
    size                 = optional(string, "XSMALL")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE"], var.warehouse.size)
    error_message = "warehouse.size must be XSMALL, SMALL, MEDIUM, LARGE or XLARGE."
  }
  validation {
    condition     = var.warehouse.auto_suspend_seconds >= 30
    error_message = "warehouse.auto_suspend_seconds must be at least 30; 0 would mean never."
  }
}
