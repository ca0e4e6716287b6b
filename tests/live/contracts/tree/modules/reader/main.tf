terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "context" {
  type = object({
    account_id  = string
    environment = string
    project     = string
    region      = string
  })
  nullable = false
}

variable "bucket" {
  type = string
}

variable "key_arn" {
  type = string
}

variable "workers" {
  type     = number
  nullable = false
}

output "job_name" {
  value = "read-${var.bucket}"
}
