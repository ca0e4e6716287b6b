output "loader" {
  description = "How the functions log in: user, role, warehouse, and the table they refresh."
  value = {
    database  = snowflake_database.this.name
    role      = snowflake_account_role.this["loader"].name
    schema    = snowflake_schema.curated.name
    table     = snowflake_external_table.this.name
    user      = snowflake_service_user.loader.name
    warehouse = snowflake_warehouse.this.name
  }
}

output "reader" {
  description = "How people and reports read: the role, and the view that shows the newest row of each key."
  value = {
    role = snowflake_account_role.this["reader"].name
    view = "${snowflake_external_table.this.name}_CURRENT"
  }
  # Whoever is given the names can read.
  depends_on = [snowflake_execute.current]
}
