resource "snowflake_database" "this" {
  name = "REFUSED"
}

resource "snowflake_schema" "this" {
  database = snowflake_database.this.name
  name     = "ONE"
}

resource "snowflake_warehouse" "this" {
  name    = "REFUSED"
  comment = "a warehouse"
}

resource "snowflake_account_role" "this" {
  name = "REFUSED_ROLE"
}

resource "snowflake_service_user" "this" {
  name    = "REFUSED"
  comment = "a user"
}

resource "snowflake_service_user" "other" {
  name       = "OTHER"
  login_name = "TAKEN"
}

resource "snowflake_storage_integration_aws" "this" {
  name                      = "REFUSED"
  enabled                   = true
  storage_provider          = "S3"
  storage_allowed_locations = ["s3://bucket-a/"]
  storage_aws_role_arn      = "arn:aws:iam::111122223333:role/reader"
}

resource "snowflake_stage_external_s3" "this" {
  database            = snowflake_database.this.name
  schema              = "PUBLIC"
  name                = "STAGE"
  url                 = "s3://bucket-a/here/"
  storage_integration = snowflake_storage_integration_aws.this.name
}

resource "snowflake_stage_external_s3" "missing" {
  database            = snowflake_database.this.name
  schema              = "PUBLIC"
  name                = "MISSING"
  url                 = "s3://bucket-a/missing/"
  storage_integration = "NO_SUCH"
}

resource "snowflake_execute" "this" {
  execute    = "CREATE VIEW REFUSED.PUBLIC.V AS SELECT * FROM REFUSED.PUBLIC.NO_SUCH"
  revert     = "SELECT 1"
  depends_on = [snowflake_database.this]
}

resource "snowflake_execute" "query" {
  execute = "SELECT 1"
  revert  = "SELECT 1"
  query   = "SELECT * FROM NO_SUCH"
}

resource "snowflake_grant_privileges_to_account_role" "this" {
  account_role_name = "PUBLIC"
  privileges        = ["USAGE"]
  on_account_object {
    object_type = "WAREHOUSE"
    object_name = snowflake_warehouse.this.name
  }
}

resource "snowflake_grant_account_role" "this" {
  role_name        = "NO_SUCH"
  parent_role_name = "SYSADMIN"
}
