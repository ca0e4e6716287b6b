# What each role may do: its grants, what they need beside them (to list a prefix, to use the key), its features, and
# its own statements. A condition is left out where it is empty.

locals {
  # Per role and bucket the prefixes that are read or written.
  prefixes = {
    for role, r in var.roles : role => {
      for arn in setunion([for name, arns in r.grants : arns if startswith(name, "s3_")]...) :
      split("/", arn)[0] => join("/", slice(split("/", arn), 1, length(split("/", arn))))...
    } if anytrue([for name in keys(r.grants) : startswith(name, "s3_")])
  }

  # Per role and service the actions on the key. Its ARN is not known by name, its alias is.
  key_use = {
    for role, r in var.roles : role => {
      for service in ["dynamodb", "s3", "sns", "sqs"] : service => sort(distinct(flatten([
        for name in keys(r.grants) : lookup(local.catalogue[name].kms, service, [])
      ])))
    }
  }

  policies = {
    for role, r in var.roles : role => [
      for s in concat(
        [for name, arns in r.grants : {
          Sid = replace(title(replace(name, "_", " ")), " ", ""), Action = local.catalogue[name].actions, Resource = sort(arns), Condition = {}
        }],
        flatten([for buckets in [lookup(local.prefixes, role, {})] : [
          for bucket, prefixes in buckets : {
            Sid       = "List${index(keys(buckets), bucket)}", Action = ["s3:ListBucket"], Resource = [bucket],
            Condition = { for operator in contains(prefixes, "*") ? [] : ["StringLike"] : operator => { "s3:prefix" = sort(distinct(prefixes)) } }
          }
        ]]),
        [for buckets in [keys(lookup(local.prefixes, role, {}))] : {
          Sid = "FindBuckets", Action = ["s3:GetBucketLocation"], Resource = buckets, Condition = {}
        } if length(buckets) > 0],
        [for service, actions in local.key_use[role] : {
          Sid = "UseKeyThrough${title(service)}", Action = actions, Resource = [format(local.arn, "kms", "key/*")],
          Condition = {
            "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = "alias/${var.context.project}-${var.context.environment}" }
            StringEquals               = { "kms:ViaService" = "${service}.${var.context.region}.amazonaws.com" }
          }
        } if length(actions) > 0],
        flatten([for name in sort(r.features) : [for s in local.features[name] : merge(s, { Resource = "*" })]]),
        [for sid, s in r.statements : { Sid = sid, Action = sort(s.actions), Resource = sort(s.resources), Condition = s.conditions }],
      ) : merge({ Effect = "Allow" }, { for key, value in s : key => value if key != "Condition" || length(s.Condition) > 0 })
    ]
  }
}

resource "aws_iam_role_policy" "this" {
  for_each = { for role, statements in local.policies : role => statements if length(statements) > 0 }

  name   = each.key
  role   = aws_iam_role.this[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}
