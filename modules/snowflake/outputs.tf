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
