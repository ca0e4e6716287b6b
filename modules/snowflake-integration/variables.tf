variable "allowed_prefixes" {
  description = "Prefixes of the processed bucket that Snowflake may read."
  type        = set(string)
  nullable    = false

  validation {
    condition = length(var.allowed_prefixes) > 0 && alltrue([
      for p in var.allowed_prefixes : endswith(p, "/") && !startswith(p, "/") && !strcontains(p, "*")
    ])
    error_message = "allowed_prefixes must be exact prefixes that end, and do not start, with a slash."
  }
}

variable "external_id" {
  description = "External id that Snowflake presents; ours, so that it survives a re-creation of the integration."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.external_id) >= 8
    error_message = "external_id must have at least 8 characters."
  }
}
