# Built-in resources only: plans of it need no provider.

resource "terraform_data" "this" {
  for_each = var.sizes

  input = { name = "${var.name}-${each.key}", size = each.value, tags = sort(var.tags) }

  lifecycle {
    precondition {
      condition     = each.value % 2 == 0
      error_message = "The size of ${each.key} must be even."
    }
  }
}

resource "terraform_data" "policy" {
  input = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Read", Effect = "Allow", Action = ["s3:GetObject", "s3:ListBucket"], Resource = "arn:aws:s3:::${var.name}" },
      { Sid = "Write", Effect = "Deny", Principal = "*", Action = "s3:PutObject", Resource = "*", Condition = { Bool = { "aws:SecureTransport" = "false" } } },
    ]
  })
}

resource "terraform_data" "optional" {
  count = var.optional ? 1 : 0
}
