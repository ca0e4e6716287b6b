# A module of data sources: what is there already, who asks, and a policy made of both.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "zones" {
  type    = set(string)
  default = ["a", "b"]
}

data "aws_caller_identity" "current" {}

data "aws_ami" "this" {
  most_recent = true
  owners      = [data.aws_caller_identity.current.account_id]

  filter {
    name   = "name"
    values = ["golden-*"]
  }
}

data "aws_subnet" "this" {
  for_each          = var.zones
  availability_zone = "eu-west-1${each.key}"
  depends_on        = [data.aws_caller_identity.current]
}

data "aws_kms_key" "this" {
  count  = length(var.zones) > 1 ? 1 : 0
  key_id = "alias/disks"
}

data "aws_iam_policy_document" "this" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = data.aws_kms_key.this[*].arn

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }
}

locals {
  newest = data.aws_ami.this.most_recent ? data.aws_ami.this : null
}

resource "aws_instance" "this" {
  for_each      = data.aws_subnet.this
  ami           = local.newest.id
  instance_type = "t3.micro"
  subnet_id     = each.value.id
  tags = {
    about = <<-EOT
      account ${data.aws_caller_identity.current.account_id}, in ${each.value.availability_zone}
    EOT
  }

  root_block_device {
    encrypted  = true
    kms_key_id = try(data.aws_kms_key.this[0].arn, null)
  }

  depends_on = [data.aws_ami.this]
}

resource "aws_sns_topic" "this" {
  name   = "guarded"
  policy = data.aws_iam_policy_document.this.json
}
