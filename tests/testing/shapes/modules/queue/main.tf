# A module with a nested one, which asks AWS who it is.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "name" {
  type = string
}

variable "receives" {
  type    = number
  default = 3

  validation {
    condition     = var.receives > 0
    error_message = "receives must be positive."
  }
}

module "letters" {
  source = "./letters"
  name   = "${var.name}-letters"
}

resource "aws_sqs_queue" "this" {
  name           = var.name
  redrive_policy = jsonencode({ deadLetterTargetArn = module.letters.arn, maxReceiveCount = var.receives })
}
