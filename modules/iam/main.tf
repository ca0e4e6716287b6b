# Each role is one entry of local.roles: its trust is in trust.tf, what it may do in policies.tf.

resource "aws_iam_role" "this" {
  for_each = local.trust

  name                 = format(local.name, each.key)
  description          = each.value.description
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [each.value.statement] })
  max_session_duration = 3600
  tags                 = { component = "iam" }
}

resource "aws_iam_role_policy" "this" {
  for_each = local.policies

  name   = each.key
  role   = aws_iam_role.this[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}
