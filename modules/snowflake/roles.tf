# The loader owns and refreshes the table, the reader reads it. Both belong to SYSADMIN, so that administrators, and
# Terraform, keep what the roles own.

resource "snowflake_account_role" "this" {
  for_each = { loader = local.loader, reader = local.reader }

  name    = each.value
  comment = "${each.key} of ${local.comment}"
}

resource "snowflake_grant_account_role" "to_sysadmin" {
  for_each = snowflake_account_role.this

  role_name        = each.value.name
  parent_role_name = "SYSADMIN"
}

resource "snowflake_grant_privileges_to_account_role" "database" {
  for_each = snowflake_account_role.this

  account_role_name = each.value.name
  privileges        = ["USAGE"]

  on_account_object {
    object_type = "DATABASE"
    object_name = snowflake_database.this.name
  }
}

resource "snowflake_grant_privileges_to_account_role" "schema" {
  for_each = snowflake_account_role.this

  account_role_name = each.value.name
  privileges        = ["USAGE"]

  on_schema {
    schema_name = snowflake_schema.curated.fully_qualified_name
  }
}

resource "snowflake_grant_privileges_to_account_role" "warehouse" {
  for_each = snowflake_account_role.this

  account_role_name = each.value.name
  privileges        = ["USAGE"]

  on_account_object {
    object_type = "WAREHOUSE"
    object_name = snowflake_warehouse.this.name
  }
}

resource "snowflake_grant_privileges_to_account_role" "stage" {
  account_role_name = snowflake_account_role.this["loader"].name
  privileges        = ["USAGE"]

  on_schema_object {
    object_type = "STAGE"
    object_name = snowflake_stage_external_s3.processed.fully_qualified_name
  }
}

resource "snowflake_grant_ownership" "future" {
  for_each = toset(["EXTERNAL TABLES", "VIEWS"])

  account_role_name = snowflake_account_role.this["loader"].name

  on {
    future {
      object_type_plural = each.key
      in_schema          = snowflake_schema.curated.fully_qualified_name
    }
  }
}

resource "snowflake_grant_privileges_to_account_role" "read_future" {
  for_each = toset(["EXTERNAL TABLES", "VIEWS"])

  account_role_name = snowflake_account_role.this["reader"].name
  privileges        = ["SELECT"]

  on_schema_object {
    future {
      object_type_plural = each.key
      in_schema          = snowflake_schema.curated.fully_qualified_name
    }
  }
}
