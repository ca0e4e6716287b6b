terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  s3_use_path_style       = true
  skip_metadata_api_check = true
}

variable "changed" {
  type    = bool
  default = false
}

variable "account_id" {
  type = string
}

locals {
  context = { account_id = var.account_id, environment = "test", project = "modb", region = "eu-west-1" }
}

# What the bootstrap made is adopted.
import {
  to = module.state-backend.aws_s3_bucket.state
  id = "modb-tfstate-test-${var.account_id}"
}

import {
  to = module.state-backend.aws_dynamodb_table.lock[0]
  id = "modb-tflock-test"
}

module "state-backend" {
  source      = "./modules/state-backend"
  context     = local.context
  kms_key_arn = var.changed ? "arn:aws:kms:eu-west-1:${var.account_id}:key/1234abcd-12ab-34cd-56ef-1234567890ab" : null
}

