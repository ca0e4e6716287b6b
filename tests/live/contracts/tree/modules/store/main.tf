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

variable "buckets" {
  type = map(object({
    expire_days = optional(number)
  }))
  nullable = false
}

variable "labels" {
  type    = map(string)
  default = {}
}

variable "retention_days" {
  type = number
}

resource "aws_s3_bucket" "this" {
  for_each = var.buckets
  bucket   = "${var.context.project}-${each.key}-${var.context.environment}-${var.context.account_id}"
  tags     = var.labels
}

resource "aws_kms_key" "this" {
  deletion_window_in_days = var.retention_days
}

output "bucket_names" {
  value = { for name, bucket in aws_s3_bucket.this : name => bucket.bucket }
}

output "key_arn" {
  value = aws_kms_key.this.arn
}

output "login" {
  value = {
    user = aws_s3_bucket.this["raw"].bucket
    port = 443
  }
}
