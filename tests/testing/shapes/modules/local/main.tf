# Data sources that the provider answers itself.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_default_tags" "current" {}
data "aws_service_principal" "sqs" {
  service_name = "sqs"
}
data "aws_elb_service_account" "current" {}

data "aws_iam_policy_document" "this" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = [data.aws_service_principal.sqs.name]
    }
  }
}

resource "aws_sqs_queue" "this" {
  name   = "here-${data.aws_region.current.name}"
  policy = data.aws_iam_policy_document.this.json
  tags = {
    partition = data.aws_partition.current.partition
    balancer  = data.aws_elb_service_account.current.id
    tags      = length(data.aws_default_tags.current.tags)
  }
}
