resource "snowflake_database" "this" {
  name                        = "RETENTION"
  data_retention_time_in_days = 1
}

resource "snowflake_schema" "this" {
  database            = snowflake_database.this.name
  name                = "S"
  with_managed_access = "true"
}

resource "snowflake_warehouse" "this" {
  name           = "RETENTION"
  warehouse_size = "XSMALL"
  generation     = "2"
}
