variable "context" {
  type = object({ environment = string })
}

variable "limit" {
  type     = number
  default  = 100
  nullable = false

  validation {
    # Refers to another variable, so that Terraform looks at it in the plan only.
    condition     = alltrue([for size in var.sizes : size <= var.limit])
    error_message = "A size must not exceed the limit."
  }
}

variable "name" {
  type     = string
  nullable = false

  validation {
    condition     = can(regex("^[a-z]+$", var.name))
    error_message = "name must be lower-case letters."
  }
}

variable "optional" {
  type    = bool
  default = false
}

variable "sizes" {
  type     = map(number)
  default  = { small = 2 }
  nullable = false
}

variable "tags" {
  type     = set(string)
  default  = []
  nullable = false
}
