locals {
  issuer       = "token.actions.githubusercontent.com"
  provider_arn = "arn:${var.context.partition}:iam::${var.context.account_id}:oidc-provider/${local.issuer}"
  tags         = { component = "github-oidc" }

  # GitHub's subject has two shapes: by name, and since 15 July 2026, for every new, renamed or moved repository, with
  # the ids. Both are exact; which one comes is GitHub's choice, not the caller's.
  repositories = [
    "repo:${var.github.owner}/${var.github.repository}",
    "repo:${var.github.owner}@${var.github.owner_id}/${var.github.repository}@${var.github.repository_id}",
  ]
  roles = {
    apply = {
      description = "GitHub Actions: applies, from the environment ${var.github.apply_environment} only"
      subjects    = [for r in local.repositories : "${r}:environment:${var.github.apply_environment}"]
      # The subject of an environment's job says nothing of the branch.
      claims = { ref = "refs/heads/${var.github.branch}" }
    }
    plan = {
      description = "GitHub Actions: plans pull requests and ${var.github.branch}, changes nothing but the state lock"
      subjects    = flatten([for r in local.repositories : ["${r}:pull_request", "${r}:ref:refs/heads/${var.github.branch}"]])
      claims      = {}
    }
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_provider ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
  tags           = local.tags
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = format(local.name, each.key)
  description          = each.value.description
  max_session_duration = var.session_seconds
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags

  # Only StringEquals: its claims have to be there. ForAllValues would be true of a token without them.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = merge(
          {
            "${local.issuer}:aud"           = "sts.amazonaws.com"
            "${local.issuer}:repository_id" = tostring(var.github.repository_id)
            "${local.issuer}:sub"           = each.value.subjects
          },
          { for claim, value in each.value.claims : "${local.issuer}:${claim}" => value },
          { for refs in [var.job_workflow_refs[each.key]] : "${local.issuer}:job_workflow_ref" => sort(refs) if length(refs) > 0 },
        )
      }
    }]
  })

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy" "this" {
  for_each = local.policies

  name   = each.key
  role   = aws_iam_role.this[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })

  lifecycle {
    precondition {
      condition     = length(jsonencode({ Version = "2012-10-17", Statement = each.value })) <= 10240
      error_message = "The policy of the role ${each.key} is longer than the 10,240 characters that IAM takes: shorten context.project or context.environment."
    }
  }
}
