resource "snowflake_grant_privileges_to_account_role" "inherited" {
  account_role_name = "SYSADMIN"
  privileges        = ["SELECT"]
  on_schema_object {
    inherited {
      object_type_plural = "TABLES"
      in_account         = true
    }
  }
}
