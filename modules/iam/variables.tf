variable "opt_out" {
  description = "Security defaults to switch off, each with its reason: permissions_boundary."
  type        = map(object({ reason = string }))
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for default, o in var.opt_out : default == "permissions_boundary" && length(trimspace(o.reason)) >= 10
    ])
    error_message = "opt_out may name permissions_boundary, with a reason of at least 10 characters."
  }
}

variable "permissions_boundary_arn" {
  description = "Managed policy that bounds every role; default: <project>-boundary-<environment>, which the module github-oidc makes."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of a managed policy."
  }
}

variable "roles" {
  description = <<-EOT
    The roles by short name. `trust` is either a service of this account (`source_arns` are its resources that may use
    the role) or one AWS principal with an external id. `grants` maps an integration of the catalogue to the ARNs it is
    for (those of S3: objects, as arn:aws:s3:::bucket/prefix/*); `features` are the integrations that know no
    resource. `statements` hold what the catalogue lacks; resource "*" there needs a reason.
  EOT
  type = map(object({
    description = string
    features    = optional(set(string), [])
    grants      = optional(map(set(string)), {})
    statements = optional(map(object({
      actions    = set(string)
      conditions = optional(map(map(set(string))), {})
      reason     = optional(string)
      resources  = set(string)
    })), {})
    trust = object({
      aws = optional(object({
        external_id   = string
        principal_arn = string
      }))
      service = optional(object({
        name        = string
        source_arns = optional(set(string), [])
      }))
    })
  }))
  nullable = false

  validation {
    # 64 characters are IAM's limit; project, environment and hyphens take 24 of them.
    condition     = alltrue([for name in keys(var.roles) : can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", name))])
    error_message = "A role's short name must be 2 to 40 lower-case letters, digits and hyphens, a letter first."
  }
  validation {
    condition     = alltrue([for r in var.roles : (r.trust.aws == null) != (r.trust.service == null)])
    error_message = "trust must hold either aws or service."
  }
  validation {
    condition     = alltrue([for r in var.roles : contains(["events", "glue", "lambda", "states"], r.trust.service.name) if r.trust.service != null])
    error_message = "trust.service.name must be events, glue, lambda or states."
  }
  validation {
    # Lambda sends no source ARN when it checks a role at a function's creation; the account it always sends.
    condition = alltrue([
      for r in var.roles : r.trust.service.name == "lambda" || length(r.trust.service.source_arns) > 0 if r.trust.service != null
    ])
    error_message = "trust.service needs source_arns, or any resource of that service could use the role."
  }
  validation {
    condition = alltrue(flatten([
      for r in var.roles : [for arn in r.trust.service.source_arns : can(regex("^arn:aws[a-z-]*:[a-z]+:[a-z0-9-]+:[0-9]{12}:.+", arn))] if r.trust.service != null
    ]))
    error_message = "trust.service.source_arns must be ARNs with region and account (wildcards allowed after them)."
  }
  validation {
    condition     = alltrue([for r in var.roles : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[^*]+$", r.trust.aws.principal_arn)) if r.trust.aws != null])
    error_message = "trust.aws.principal_arn must be the ARN of one IAM user or role, without wildcard."
  }
  validation {
    condition     = alltrue([for r in var.roles : length(r.trust.aws.external_id) >= 8 && can(regex("^[A-Za-z0-9_+=,.@:/-]+$", r.trust.aws.external_id)) if r.trust.aws != null])
    error_message = "trust.aws.external_id must have at least 8 characters, of those that STS allows."
  }
  validation {
    condition     = alltrue(flatten([for r in var.roles : [for name in keys(r.grants) : contains(keys(local.catalogue), name)]]))
    error_message = "grants may name ${join(", ", keys(local.catalogue))}."
  }
  validation {
    condition     = alltrue(flatten([for r in var.roles : [for name in r.features : contains(keys(local.features), name)]]))
    error_message = "features may name ${join(", ", keys(local.features))}."
  }
  validation {
    condition = alltrue(flatten([
      for r in var.roles : [
        for name, arns in r.grants : length(arns) > 0 && alltrue([
          for arn in arns : can(regex("^arn:aws[a-z-]*:${split("_", name)[0]}:[a-z0-9-]*:([0-9]{12})?:[^*?]", arn))
        ])
      ]
    ]))
    error_message = "A grant needs at least one resource, and resources are ARNs of the integration's own service (wildcards allowed inside the name)."
  }
  validation {
    condition = alltrue(flatten([
      for r in var.roles : [for name, arns in r.grants : [for arn in arns : can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9.-]+/.*[*]$", arn))] if startswith(name, "s3_")]
    ]))
    error_message = "The grants of S3 are for objects: arn:aws:s3:::bucket/* or arn:aws:s3:::bucket/prefix/*."
  }
  validation {
    condition     = alltrue(flatten([for r in var.roles : [for s in r.statements : [for a in s.actions : can(regex("^[a-z0-9-]+:[A-Za-z0-9]+$", a))]]]))
    error_message = "statements must name their actions one by one, without wildcard."
  }
  validation {
    condition     = alltrue(flatten([for r in var.roles : [for sid in keys(r.statements) : can(regex("^[A-Za-z0-9]+$", sid))]]))
    error_message = "The names of statements become their Sids: letters and digits."
  }
  validation {
    condition = alltrue(flatten([
      for r in var.roles : [for s in r.statements : [
        for resource in s.resources : resource == "*" || can(regex("^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}|aws)?:[^*?]", resource))
      ]]
    ]))
    error_message = "Resources of statements must be ARNs without wildcard in service, region and account (allowed inside the name), or * with a reason."
  }
  validation {
    condition = alltrue(flatten([
      for r in var.roles : [for s in r.statements : !contains(s.resources, "*") || try(length(trimspace(s.reason)) >= 10, false)]
    ]))
    error_message = "A statement on resource * needs a reason of at least 10 characters."
  }
}
