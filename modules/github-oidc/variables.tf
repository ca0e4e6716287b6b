variable "create_provider" {
  description = "Whether to make GitHub's OIDC provider; false where the account has it already, as an account can have it once only."
  type        = bool
  default     = true
  nullable    = false
}

variable "github" {
  description = "The repository that may log in, by names and by the numeric ids that no rename changes; the branch that is applied, and the GitHub environment whose jobs apply it."
  type = object({
    apply_environment = string
    branch            = optional(string, "main")
    owner             = string
    owner_id          = number
    repository        = string
    repository_id     = number
  })
  nullable = false

  validation {
    condition     = can(regex("^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$", var.github.owner))
    error_message = "github.owner must be the name of a user or an organization: 1 to 39 letters, digits and single dashes, no slash or wildcard."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,100}$", var.github.repository))
    error_message = "github.repository must be a name without its owner: 1 to 100 letters, digits, dots, dashes and underscores, no wildcard."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,255}$", var.github.apply_environment))
    error_message = "github.apply_environment must be the plain name of a GitHub environment: no blank, slash, colon or wildcard."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]{0,254}$", var.github.branch)) && !startswith(var.github.branch, "refs/")
    error_message = "github.branch must be the name of one branch such as main, without refs/heads/ and without a wildcard."
  }
  validation {
    condition     = var.github.owner_id > 0 && var.github.repository_id > 0 && floor(var.github.owner_id) == var.github.owner_id && floor(var.github.repository_id) == var.github.repository_id
    error_message = "github.owner_id and github.repository_id must be GitHub's numeric ids (gh api repos/OWNER/REPO --jq '.owner.id, .id')."
  }
}

variable "job_workflow_refs" {
  description = "Reusable workflows, <owner>/<repository>/.github/workflows/<file>@<ref>, whose jobs alone may take a role; empty: any job of the repository that has the right subject."
  type = object({
    apply = optional(set(string), [])
    plan  = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for ref in setunion(var.job_workflow_refs.apply, var.job_workflow_refs.plan) :
      can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+/\\.github/workflows/[A-Za-z0-9._-]+\\.ya?ml@(refs/(heads|tags)/[A-Za-z0-9._/-]+|[0-9a-f]{40})$", ref))
    ])
    error_message = "job_workflow_refs must be exact, such as acme/workflows/.github/workflows/apply.yaml@refs/tags/v1, with a branch, a tag or a commit."
  }
}

variable "permissions_boundary_arn" {
  description = "Managed policy that bounds both roles, where the organization has one for deployers; the boundary that this module makes is for the roles of services."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of a managed policy, arn:aws:iam::<account>:policy/<name>."
  }
}

variable "services_boundary_arn" {
  description = "Managed policy that bounds the roles of services, where the organization has one; default: the boundary that this module makes. The module iam is given the same (permissions_boundary_arn): the apply role makes roles within it only."
  type        = string
  default     = null

  validation {
    condition     = var.services_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$", var.services_boundary_arn))
    error_message = "services_boundary_arn must be the ARN of a managed policy, arn:aws:iam::<account>:policy/<name>."
  }
}

variable "services_may" {
  description = "What roles of services may be given beside the catalogue of the module iam, by Sid: it widens the boundary."
  type        = map(object({ actions = set(string), resources = set(string) }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for sid in keys(var.services_may) : can(regex("^[A-Za-z0-9]+$", sid))])
    error_message = "The names of services_may become Sids: letters and digits."
  }
  validation {
    condition     = alltrue(flatten([for may in var.services_may : [for a in may.actions : can(regex("^[a-z0-9-]+:[A-Za-z0-9]+$", a)) && !startswith(a, "iam:")]]))
    error_message = "services_may must name its actions one by one, without wildcard, and none of iam: a role that writes roles reaches beyond every boundary."
  }
}

variable "session_seconds" {
  description = "How long a job may use what it was given."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.session_seconds >= 3600 && var.session_seconds <= 14400
    error_message = "session_seconds must be from 3600, the least that IAM takes, to 14400."
  }
}
