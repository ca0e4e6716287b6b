# As many public modules begin: who am I, where am I, and a policy made of both.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

variable "name" {
  type = string
}

variable "people" {
  type = map(object({
    email = string
    phone = optional(string)
  }))
  default = {}
}

resource "aws_sqs_queue" "this" {
  name = "${var.name}-${data.aws_region.current.name}"
  tags = { people = join(",", [for person in var.people : person.email]) }
}

output "arn" {
  value = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:${var.name}"
}
