# Logs in as its AWS role: there is no password and no key to lose.
resource "snowflake_service_user" "loader" {
  name              = local.loader
  comment           = "The Lambda functions of ${local.comment}"
  default_role      = snowflake_account_role.this["loader"].name
  default_warehouse = snowflake_warehouse.this.name

  default_workload_identity {
    aws {
      arn = var.loader_role_arn
    }
  }
}

resource "snowflake_grant_account_role" "loader" {
  role_name = snowflake_account_role.this["loader"].name
  user_name = snowflake_service_user.loader.name
}
