# The tree of roles and what they may do, USAGE on all that leads there included. Every branch ends at SYSADMIN unless
# told otherwise, so that administrators, and Terraform, keep what the roles own.

locals {
  on_schema = merge([for role, r in var.roles : { for schema, s in r.schemas : "${role}:${schema}" => merge(s, { role = role, schema = schema }) }]...)
  on_account = merge(concat(
    [for role, r in var.roles : { for w in r.warehouses : "${role}:WAREHOUSE:${w}" => { role = role, name = snowflake_warehouse.this[w].name } }],
    [for role, r in var.roles : { for d in distinct([for schema in keys(r.schemas) : split(".", schema)[0]]) : "${role}:DATABASE:${d}" => { role = role, name = snowflake_database.this[d].name } }],
  )...)
}

resource "snowflake_account_role" "this" {
  for_each = var.roles

  name    = format(local.account, each.key)
  comment = "${lower(each.key)} of ${local.comment}"
}

resource "snowflake_grant_account_role" "parent" {
  for_each = merge([for role, r in var.roles : { for parent in r.parents : "${role}:${parent}" => { role = role, parent = parent } }]...)

  role_name        = snowflake_account_role.this[each.value.role].name
  parent_role_name = try(snowflake_account_role.this[each.value.parent].name, each.value.parent)
}

resource "snowflake_grant_privileges_to_account_role" "usage" {
  for_each = local.on_account

  account_role_name = snowflake_account_role.this[each.value.role].name
  privileges        = ["USAGE"]

  on_account_object {
    object_type = split(":", each.key)[1]
    object_name = each.value.name
  }
}

resource "snowflake_grant_privileges_to_account_role" "schema" {
  for_each = local.on_schema

  account_role_name = snowflake_account_role.this[each.value.role].name
  privileges        = setunion(["USAGE"], each.value.privileges)

  on_schema {
    schema_name = snowflake_schema.this[each.value.schema].fully_qualified_name
  }
}

resource "snowflake_grant_privileges_to_account_role" "stage" {
  for_each = merge([for role, r in var.roles : { for stage in r.stages : "${role}:${stage}" => { role = role, stage = stage } }]...)

  account_role_name = snowflake_account_role.this[each.value.role].name
  privileges        = ["USAGE"]

  on_schema_object {
    object_type = "STAGE"
    object_name = snowflake_stage_external_s3.this[each.value.stage].fully_qualified_name
  }
}

# Owner from creation on: giving a table away later would switch its automatic refresh off without a word.
resource "snowflake_grant_ownership" "future" {
  for_each = merge([for key, s in local.on_schema : { for kind in s.owns : "${key}:${kind}" => merge(s, { kind = kind }) }]...)

  account_role_name = snowflake_account_role.this[each.value.role].name

  on {
    future {
      object_type_plural = each.value.kind
      in_schema          = snowflake_schema.this[each.value.schema].fully_qualified_name
    }
  }
}

# What is there when the role comes, and, since Terraform makes a changed table anew, what will be.
resource "snowflake_grant_privileges_to_account_role" "read" {
  for_each = merge([for key, s in local.on_schema : { for pair in setproduct(s.reads, ["all", "future"]) : "${key}:${pair[0]}:${pair[1]}" => merge(s, { kind = pair[0], scope = pair[1] }) }]...)

  account_role_name = snowflake_account_role.this[each.value.role].name
  privileges        = ["SELECT"]

  on_schema_object {
    dynamic "all" {
      for_each = each.value.scope == "all" ? [each.value] : []

      content {
        object_type_plural = all.value.kind
        in_schema          = snowflake_schema.this[all.value.schema].fully_qualified_name
      }
    }
    dynamic "future" {
      for_each = each.value.scope == "future" ? [each.value] : []

      content {
        object_type_plural = future.value.kind
        in_schema          = snowflake_schema.this[future.value.schema].fully_qualified_name
      }
    }
  }
}

# They log in as their AWS role, or with a token of their OIDC issuer: they have neither a password nor a key to lose.
resource "snowflake_service_user" "this" {
  for_each = var.service_users

  name              = format(local.account, each.key)
  login_name        = format(local.account, each.key)
  display_name      = format(local.account, each.key)
  comment           = "${lower(each.key)} of ${local.comment}"
  disabled          = "false"
  default_role      = snowflake_account_role.this[each.value.role].name
  default_warehouse = try(snowflake_warehouse.this[each.value.warehouse].name, null)

  # Snowflake's default: of roles it has, and this module gives it one.
  default_secondary_roles_option = "ALL"

  default_workload_identity {
    dynamic "aws" {
      for_each = each.value.aws_role_arn[*]

      content {
        arn = aws.value
      }
    }
    dynamic "oidc" {
      for_each = each.value.oidc[*]

      content {
        issuer             = oidc.value.issuer
        oidc_audience_list = oidc.value.audiences
        subject            = oidc.value.subject
      }
    }
  }
}

resource "snowflake_grant_account_role" "user" {
  for_each = var.service_users

  role_name = snowflake_account_role.this[each.value.role].name
  user_name = snowflake_service_user.this[each.key].name
}
