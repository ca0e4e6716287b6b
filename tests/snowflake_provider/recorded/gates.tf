resource "snowflake_database" "this" {
  name = "GATES"
}

resource "snowflake_service_user" "this" {
  name = "GATES"
  default_workload_identity {
    aws {
      arn = "arn:aws:iam::111122223333:role/lambda"
    }
  }
}

resource "snowflake_account_role" "this" {
  name = "GATES"
}

resource "snowflake_grant_privileges_to_account_role" "strict" {
  account_role_name           = snowflake_account_role.this.name
  privileges                  = ["USAGE"]
  strict_privilege_management = true
  on_account_object {
    object_type = "DATABASE"
    object_name = snowflake_database.this.name
  }
}

resource "snowflake_storage_integration_aws" "this" {
  name                      = "GATES"
  enabled                   = true
  storage_provider          = "S3"
  storage_allowed_locations = ["s3://bucket-a/"]
  storage_aws_role_arn      = "arn:aws:iam::111122223333:role/reader"
}

resource "snowflake_stage_external_s3" "this" {
  database            = snowflake_database.this.name
  schema              = "PUBLIC"
  name                = "STAGE"
  url                 = "s3://bucket-a/"
  storage_integration = snowflake_storage_integration_aws.this.name
}

resource "snowflake_external_table" "this" {
  database          = snowflake_database.this.name
  schema            = "PUBLIC"
  name              = "T"
  location          = "@GATES.PUBLIC.${snowflake_stage_external_s3.this.name}/t/"
  file_format       = "TYPE = PARQUET"
  auto_refresh      = false
  refresh_on_create = false
  column {
    name = "C"
    type = "VARCHAR"
    as   = "value:c::VARCHAR"
  }
}
