# A module at the root of its repository, with a second configuration of its provider.
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = ">= 5.0"
      configuration_aliases = [aws.replica]
    }
  }
}

variable "name" {
  type = string
}

data "aws_region" "here" {}

data "aws_region" "replica" {
  provider = aws.replica
}

resource "aws_s3_bucket" "this" {
  bucket = "${var.name}-${data.aws_region.here.name}"
}

resource "aws_s3_bucket" "replica" {
  provider = aws.replica
  bucket   = "${var.name}-${data.aws_region.replica.name}"
}

resource "aws_iam_role" "replication" {
  name               = "${var.name}-replication"
  assume_role_policy = file("${path.module}/policies/assume.json")
}

module "alarms" {
  source = "./modules/queue"
  name   = "${var.name}-alarms"
}

output "regions" {
  value = [data.aws_region.here.name, data.aws_region.replica.name]
}
