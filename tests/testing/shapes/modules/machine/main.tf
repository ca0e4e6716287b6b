terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

resource "aws_sfn_state_machine" "this" {
  name       = "machine"
  role_arn   = "arn:aws:iam::123456789012:role/machine"
  definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })
}
