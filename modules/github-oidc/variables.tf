variable "github" {
  description = "The repository that may log in, by names and by the numeric ids that no rename changes."
  type = object({
    apply_environment = string
    owner             = string
    owner_id          = number
    repository        = string
    repository_id     = number
  })
  nullable = false

  validation {
    condition = alltrue([
      for name in [var.github.owner, var.github.repository, var.github.apply_environment] :
      can(regex("^[A-Za-z0-9._-]+$", name))
    ])
    error_message = "owner, repository and apply_environment must be plain names: no slash, colon or wildcard."
  }
  validation {
    condition     = var.github.owner_id > 0 && var.github.repository_id > 0
    error_message = "owner_id and repository_id must be GitHub's numeric ids (gh api repos/OWNER/REPO --jq '.owner.id, .id')."
  }
}
