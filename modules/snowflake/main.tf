# Keys are names: of objects of the account short ones, which become <PROJECT>_<KEY>_<ENVIRONMENT>; of what lies in a
# database the path to it, LAKE.CURATED for a schema and LAKE.CURATED.FLIGHTS for a table.

locals {
  account = "${upper(var.context.project)}_%s_${upper(var.context.environment)}"
  comment = "${var.context.project} ${var.context.environment}"
  path    = { for key in concat(keys(var.schemas), keys(var.stages), keys(var.external_tables)) : key => split(".", key) }
  schema  = { for key in concat(keys(var.stages), keys(var.external_tables)) : key => join(".", slice(local.path[key], 0, 2)) }
}

resource "snowflake_database" "this" {
  for_each = var.databases

  name                        = format(local.account, each.key)
  comment                     = local.comment
  data_retention_time_in_days = each.value.retention_days
}

# In a schema with managed access only its owner grants, not the owners of objects in it. The retention is its
# database's, said here again: one that is inherited changes while a change of the database is applied, which the
# provider answers with an inconsistent plan. What equals Snowflake's default is said so that an imported object needs
# no change.
resource "snowflake_schema" "this" {
  for_each = var.schemas

  database                    = snowflake_database.this[local.path[each.key][0]].name
  name                        = local.path[each.key][1]
  comment                     = local.comment
  data_retention_time_in_days = var.databases[local.path[each.key][0]].retention_days
  is_transient                = "false"
  with_managed_access         = tostring(!contains(keys(each.value.opt_out), "managed_access"))
}

resource "snowflake_resource_monitor" "this" {
  for_each = var.resource_monitors

  name                      = format(local.account, each.key)
  credit_quota              = each.value.credit_quota
  notify_triggers           = each.value.notify_percent
  notify_users              = length(each.value.notify_users) > 0 ? each.value.notify_users : null
  suspend_trigger           = each.value.suspend_percent
  suspend_immediate_trigger = each.value.suspend_immediately_percent

  # Snowflake fills them, monthly from the day of creation, and they cannot be unset.
  lifecycle {
    ignore_changes = [frequency, start_timestamp]
  }
}

resource "snowflake_warehouse" "this" {
  for_each = var.warehouses

  name                         = format(local.account, each.key)
  comment                      = local.comment
  warehouse_type               = "STANDARD"
  warehouse_size               = each.value.size
  min_cluster_count            = 1
  max_cluster_count            = 1
  enable_query_acceleration    = "false"
  auto_suspend                 = each.value.auto_suspend_seconds
  auto_resume                  = "true"
  initially_suspended          = true
  statement_timeout_in_seconds = each.value.statement_timeout_seconds
  resource_monitor             = try(snowflake_resource_monitor.this[each.value.resource_monitor].name, null)

  # They mean nothing for one cluster without acceleration, and the Standard edition refuses to set them.
  lifecycle {
    ignore_changes = [query_acceleration_max_scale_factor, scaling_policy]
  }
}
