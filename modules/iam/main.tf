# Each role is one entry of var.roles: whom it trusts stands here, what it may do in policies.tf.

locals {
  tags = { component = "iam" }

  # The boundary is somebody else's, so that whoever applies this module cannot widen it.
  by_name      = "arn:${var.context.partition}:iam::${var.context.account_id}:policy/${format(local.name, "boundary")}"
  boundary_arn = contains(keys(var.opt_out), "permissions_boundary") ? null : coalesce(var.permissions_boundary_arn, local.by_name)

  # A service is trusted only on behalf of this account's own resources (confused deputy).
  trust = {
    for role, r in var.roles : role => merge({ Effect = "Allow", Action = "sts:AssumeRole" }, flatten([
      [for service in r.trust.service[*] : {
        Principal = { Service = "${service.name}.amazonaws.com" }
        Condition = merge(
          { StringEquals = { "aws:SourceAccount" = var.context.account_id } },
          { for arns in [sort(service.source_arns)] : "ArnLike" => { "aws:SourceArn" = arns } if length(arns) > 0 },
        )
      }],
      [for aws in r.trust.aws[*] : {
        Principal = { AWS = aws.principal_arn }
        Condition = { StringEquals = { "sts:ExternalId" = aws.external_id } }
      }],
    ])...)
  }
}

resource "aws_iam_role" "this" {
  for_each = var.roles

  name                 = format(local.name, each.key)
  description          = each.value.description
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [local.trust[each.key]] })
  max_session_duration = 3600
  permissions_boundary = local.boundary_arn
  tags                 = local.tags
}

# Until 1.0.0 this module made the boundary; github-oidc holds it now.
removed {
  from = aws_iam_policy.boundary

  lifecycle {
    destroy = false
  }
}
