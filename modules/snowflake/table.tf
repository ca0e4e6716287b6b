resource "snowflake_external_table" "this" {
  database = snowflake_schema.curated.database
  schema   = snowflake_schema.curated.name
  name     = var.table
  comment  = local.comment
  location = "@${local.database}.CURATED.${snowflake_stage_external_s3.processed.name}/${lower(var.table)}/"

  file_format  = "TYPE = PARQUET"
  partition_by = [for c in var.columns : c.name if c.partition != null]

  # The pipeline refreshes the partitions it wrote; the first refresh finds what is there when the table is made anew.
  auto_refresh      = false
  refresh_on_create = true

  dynamic "column" {
    for_each = var.columns

    content {
      name = column.value.name
      type = column.value.type
      as = column.value.partition == null ? (
        "value:${coalesce(column.value.field, lower(column.value.name))}::${column.value.type}"
        ) : (
        "split_part(split_part(metadata$filename, '${column.value.partition}=', 2), '/', 1)::${column.value.type}"
      )
    }
  }

  # The future grants make the loader the owner in the moment of creation.
  depends_on = [snowflake_grant_ownership.future, snowflake_grant_privileges_to_account_role.read_future]
}

# Two files may hold the same row: both are kept in the table, the view shows the newest.
resource "snowflake_execute" "current" {
  execute = <<-SQL
    CREATE OR REPLACE VIEW ${local.database}.CURATED.${var.table}_CURRENT AS
    SELECT ${join(", ", [for c in var.columns : c.name])}
    FROM ${local.database}.CURATED.${var.table}
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY ${join(", ", var.newest.key)}
      ORDER BY ${join(", ", [for c in var.newest.order_by : "${c} DESC"])}
    ) = 1
  SQL
  revert  = "DROP VIEW IF EXISTS ${local.database}.CURATED.${var.table}_CURRENT"
  query   = "SHOW VIEWS LIKE '${var.table}_CURRENT' IN SCHEMA ${local.database}.CURATED"

  lifecycle {
    replace_triggered_by = [snowflake_external_table.this]
  }

  depends_on = [snowflake_external_table.this]
}
