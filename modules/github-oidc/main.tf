locals {
  issuer = "token.actions.githubusercontent.com"
  tags   = { component = "github-oidc" }

  # GitHub's subject has two shapes: by name, and since 15 July 2026, for every new, renamed or moved repository, with
  # the ids. Both are exact; which one comes is GitHub's choice, not the caller's.
  repositories = [
    "repo:${var.github.owner}/${var.github.repository}",
    "repo:${var.github.owner}@${var.github.owner_id}/${var.github.repository}@${var.github.repository_id}",
  ]
  subjects = {
    apply = [for r in local.repositories : "${r}:environment:${var.github.apply_environment}"]
    plan  = flatten([for r in local.repositories : ["${r}:pull_request", "${r}:ref:refs/heads/main"]])
  }
  description = {
    apply = "GitHub Actions: applies, from the environment ${var.github.apply_environment} only"
    plan  = "GitHub Actions: plans pull requests and main, changes nothing but the state lock"
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
  tags           = local.tags
}

resource "aws_iam_role" "this" {
  for_each = local.subjects

  name                 = format(local.name, each.key)
  description          = local.description[each.key]
  max_session_duration = 3600
  tags                 = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = "arn:${var.context.partition}:iam::${var.context.account_id}:oidc-provider/${local.issuer}" }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.issuer}:aud"           = "sts.amazonaws.com"
          "${local.issuer}:repository_id" = tostring(var.github.repository_id)
          "${local.issuer}:sub"           = each.value
        }
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
}
