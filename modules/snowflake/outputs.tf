output "databases" {
  description = "Name of each database."
  value       = { for key, d in snowflake_database.this : key => d.name }
}

output "external_tables" {
  description = "Where each external table is: database, schema, table, and the view of its newest rows, if it has one."
  value = {
    for key, t in snowflake_external_table.this : key => {
      database = t.database
      schema   = t.schema
      table    = t.name
      view     = var.external_tables[key].current == null ? null : "${t.name}_CURRENT"
    }
  }
  # Whoever is given the names can read.
  depends_on = [snowflake_execute.current]
}

output "opt_outs" {
  description = "What is switched off where, and why."
  value = merge(
    merge([for key, s in var.schemas : { for name, o in s.opt_out : "schemas ${key} ${name}" => o.reason }]...),
    merge([for key, w in var.warehouses : { for name, o in w.opt_out : "warehouses ${key} ${name}" => o.reason }]...),
  )
}

output "roles" {
  description = "Name of each role."
  value       = { for key, r in snowflake_account_role.this : key => r.name }
}

output "service_users" {
  description = "How each program logs in: user, role and warehouse."
  # From what is asked for: the provider reads a warehouse that there is not as an empty text.
  value = {
    for key, u in snowflake_service_user.this : key => {
      role      = snowflake_account_role.this[var.service_users[key].role].name
      user      = u.name
      warehouse = try(snowflake_warehouse.this[var.service_users[key].warehouse].name, null)
    }
  }
}

output "warehouses" {
  description = "Name of each warehouse."
  value       = { for key, w in snowflake_warehouse.this : key => w.name }
}
