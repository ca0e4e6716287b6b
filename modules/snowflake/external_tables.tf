locals {
  tables = {
    for key, t in var.external_tables : key => {
      format = one([
        for kind, f in var.stages[t.stage].file_format :
        "TYPE = ${upper(kind)}${try(f.strip_outer_array, false) ? " STRIP_OUTER_ARRAY = TRUE" : ""}" if f != null
      ])
      full_name = "${snowflake_schema.this[local.schema[key]].database}.${local.path[key][1]}.${local.path[key][2]}"
      columns = [
        for c in t.columns : merge(c, {
          as = "${coalesce(
            c.partition_expression,
            c.partition == null ? null : "split_part(split_part(metadata$filename, '${c.partition}=', 2), '/', 1)",
            "value:${coalesce(c.field, lower(c.name))}",
          )}::${c.type}"
        })
      ]
    }
  }
}

resource "snowflake_external_table" "this" {
  for_each = var.external_tables

  database = snowflake_schema.this[local.schema[each.key]].database
  schema   = snowflake_schema.this[local.schema[each.key]].name
  name     = local.path[each.key][2]
  comment  = local.comment
  location = "@${join(".", [for part in ["database", "schema", "name"] : snowflake_stage_external_s3.this[each.value.stage][part]])}/${each.value.path}"
  pattern  = each.value.pattern

  file_format  = local.tables[each.key].format
  partition_by = [for c in each.value.columns : c.name if c.partition != null || c.partition_expression != null]

  # The pipeline refreshes the partitions it wrote; the first refresh finds what is there when the table is made anew.
  auto_refresh      = false
  refresh_on_create = true

  dynamic "column" {
    for_each = local.tables[each.key].columns

    content {
      name = column.value.name
      type = column.value.type
      as   = column.value.as
    }
  }

  # The future grants make the final owner the owner in the moment of creation.
  depends_on = [snowflake_grant_ownership.future, snowflake_grant_privileges_to_account_role.read]
}

# Two files may hold the same row: both are kept in the table, the view shows the newest.
resource "snowflake_execute" "current" {
  for_each = { for key, t in var.external_tables : key => t if t.current != null }

  execute = <<-SQL
    CREATE OR REPLACE VIEW ${local.tables[each.key].full_name}_CURRENT AS
    SELECT ${join(", ", each.value.columns[*].name)}
    FROM ${local.tables[each.key].full_name}
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY ${join(", ", each.value.current.key)}
      ORDER BY ${join(", ", [for c in each.value.current.order_by : "${c} DESC"])}
    ) = 1
  SQL
  revert  = "DROP VIEW IF EXISTS ${local.tables[each.key].full_name}_CURRENT"
  query   = "SHOW VIEWS LIKE '${local.path[each.key][2]}_CURRENT' IN SCHEMA ${snowflake_schema.this[local.schema[each.key]].database}.${local.path[each.key][1]}"

  lifecycle {
    replace_triggered_by = [snowflake_external_table.this[each.key]]
  }

  depends_on = [snowflake_external_table.this]
}
