# What no role of this environment gets beyond, whatever policy somebody attaches later: all the roles' statements
# together. A boundary grants nothing.

locals {
  own_boundary = var.permissions_boundary_arn == null && !contains(keys(var.opt_out), "permissions_boundary")

  # The roles share many statements. Those that differ in the resources only become one, and so do those that then differ
  # in the actions only; without Sids, for a managed policy has room for 6,144 characters.
  all        = flatten([for role in keys(local.policies) : [for s in local.policies[role] : { key = jsonencode([sort(flatten([s.Action])), lookup(s, "Condition", {})]), statement = s }]])
  of_actions = { for s in local.all : s.key => s.statement... }
  merged = [
    for statements in values(local.of_actions) :
    merge({ for name, value in statements[0] : name => value if name != "Sid" }, { Resource = sort(distinct(flatten([for s in statements : s.Resource]))) })
  ]
  of_resources = { for s in local.merged : jsonencode([s.Resource, lookup(s, "Condition", {})]) => s... }
  bounds = [
    for statements in values(local.of_resources) :
    merge(statements[0], { Action = sort(distinct(flatten([for s in statements : s.Action]))) })
  ]
}

resource "aws_iam_policy" "boundary" {
  count = local.own_boundary ? 1 : 0

  name        = format(local.name, "boundary")
  description = "What no role of ${var.context.project} ${var.context.environment} gets beyond"
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.bounds })
  tags        = local.tags

  lifecycle {
    precondition {
      condition     = length(jsonencode(local.bounds)) <= 6000
      error_message = "The roles' statements together are longer than a managed policy may be: set permissions_boundary_arn to a policy of your own."
    }
  }
}
