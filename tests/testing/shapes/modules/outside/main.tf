# Not a question to AWS: the provider would fetch a file from the web.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_ip_ranges" "this" {
  services = ["ec2"]
}

data "aws_ip_ranges" "plain" {
  services = ["ec2"]
  url      = "http://example.invalid/ip-ranges.json"
}

resource "aws_ec2_managed_prefix_list" "this" {
  name           = "ec2"
  address_family = "IPv4"
  max_entries    = length(data.aws_ip_ranges.this.cidr_blocks)
}
