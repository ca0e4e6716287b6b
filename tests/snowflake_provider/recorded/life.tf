resource "snowflake_database" "plain" {
  name = "PLAIN"
}

resource "snowflake_database" "kept" {
  name                        = "KEPT"
  comment                     = "the lake"
  data_retention_time_in_days = 1
}

resource "snowflake_schema" "plain" {
  database = snowflake_database.plain.name
  name     = "ONE"
}

resource "snowflake_schema" "managed" {
  database            = snowflake_database.kept.name
  name                = "CURATED"
  comment             = "curated"
  with_managed_access = "true"
}

resource "snowflake_schema" "public" {
  database = snowflake_database.plain.name
  name     = "PUBLIC"
  comment  = "taken over"
}

resource "snowflake_resource_monitor" "capped" {
  name            = "CAPPED"
  credit_quota    = 5
  notify_triggers = [50, 80]
  suspend_trigger = 100
}

resource "snowflake_resource_monitor" "plain" {
  name         = "PLAIN"
  credit_quota = 1
}

resource "snowflake_warehouse" "plain" {
  name = "IDLE"
}

resource "snowflake_warehouse" "full" {
  name                         = "FULL"
  comment                      = "queries"
  warehouse_size               = "XSMALL"
  auto_suspend                 = 60
  auto_resume                  = "true"
  initially_suspended          = true
  statement_timeout_in_seconds = 3600
  resource_monitor             = snowflake_resource_monitor.capped.name
}

resource "snowflake_storage_integration_aws" "plain" {
  name                      = "PLAIN"
  enabled                   = true
  storage_provider          = "S3"
  storage_allowed_locations = ["s3://bucket-a/curated/"]
  storage_aws_role_arn      = "arn:aws:iam::111122223333:role/reader"
}

resource "snowflake_storage_integration_aws" "full" {
  name                      = "FULL"
  comment                   = "from S3"
  enabled                   = true
  storage_provider          = "S3"
  storage_allowed_locations = ["s3://bucket-a/curated/", "s3://bucket-b/curated/"]
  storage_blocked_locations = ["s3://bucket-a/curated/no/"]
  storage_aws_role_arn      = "arn:aws:iam::111122223333:role/reader"
  storage_aws_external_id   = "strata-dev"
}

resource "snowflake_stage_external_s3" "plain" {
  database            = snowflake_schema.managed.database
  schema              = snowflake_schema.managed.name
  name                = "PLAIN"
  url                 = "s3://bucket-a/curated/plain/"
  storage_integration = snowflake_storage_integration_aws.full.name
}

resource "snowflake_stage_external_s3" "parquet" {
  database            = snowflake_schema.managed.database
  schema              = snowflake_schema.managed.name
  name                = "PARQUET"
  comment             = "Parquet"
  url                 = "s3://bucket-a/curated/"
  storage_integration = snowflake_storage_integration_aws.full.name
  file_format {
    parquet {
      compression = "AUTO"
    }
  }
}

resource "snowflake_stage_external_s3" "directory" {
  database            = snowflake_schema.managed.database
  schema              = snowflake_schema.managed.name
  name                = "DIRECTORY"
  url                 = "s3://bucket-a/curated/"
  storage_integration = snowflake_storage_integration_aws.full.name
  directory {
    enable       = false
    auto_refresh = "false"
  }
  file_format {
    parquet {
      binary_as_text = "false"
      null_if        = ["-"]
    }
  }
}

resource "snowflake_account_role" "loader" {
  name    = "LOADER"
  comment = "refreshes"
}

resource "snowflake_account_role" "reader" {
  name = "READER"
}

resource "snowflake_grant_account_role" "role" {
  role_name        = snowflake_account_role.loader.name
  parent_role_name = "SYSADMIN"
}

resource "snowflake_grant_account_role" "user" {
  role_name = snowflake_account_role.loader.name
  user_name = snowflake_service_user.aws.name
}

resource "snowflake_grant_privileges_to_account_role" "account" {
  account_role_name = snowflake_account_role.loader.name
  privileges        = ["CREATE DATABASE"]
  on_account        = true
}

resource "snowflake_grant_privileges_to_account_role" "database" {
  account_role_name = snowflake_account_role.loader.name
  privileges        = ["USAGE", "CREATE SCHEMA"]
  on_account_object {
    object_type = "DATABASE"
    object_name = snowflake_database.kept.name
  }
}

resource "snowflake_grant_privileges_to_account_role" "warehouse" {
  account_role_name = snowflake_account_role.loader.name
  all_privileges    = true
  on_account_object {
    object_type = "WAREHOUSE"
    object_name = snowflake_warehouse.full.fully_qualified_name
  }
}

resource "snowflake_grant_privileges_to_account_role" "schema" {
  account_role_name = snowflake_account_role.loader.name
  privileges        = ["USAGE"] # schema
  on_schema {
    schema_name = snowflake_schema.managed.fully_qualified_name
  }
}

resource "snowflake_grant_privileges_to_account_role" "views" {
  account_role_name = snowflake_account_role.reader.name
  privileges        = ["SELECT"]
  on_schema_object {
    future {
      object_type_plural = "VIEWS"
      in_schema          = snowflake_schema.managed.fully_qualified_name
    }
  }
}

resource "snowflake_grant_privileges_to_account_role" "stage" {
  account_role_name = snowflake_account_role.reader.name
  privileges        = ["USAGE"] # stage
  with_grant_option = true
  on_schema_object {
    object_type = "STAGE"
    object_name = snowflake_stage_external_s3.parquet.fully_qualified_name
  }
}

resource "snowflake_grant_privileges_to_account_role" "always" {
  account_role_name = snowflake_account_role.reader.name
  privileges        = ["USAGE"]
  always_apply      = true
  on_account_object {
    object_type = "DATABASE"
    object_name = snowflake_database.plain.name
  }
}

resource "snowflake_grant_ownership" "tables" {
  account_role_name = snowflake_account_role.loader.name
  on {
    future {
      object_type_plural = "EXTERNAL TABLES"
      in_schema          = snowflake_schema.managed.fully_qualified_name
    }
  }
}

resource "snowflake_grant_ownership" "schema" {
  account_role_name   = snowflake_account_role.loader.name
  outbound_privileges = "COPY"
  on {
    object_type = "SCHEMA"
    object_name = snowflake_schema.plain.fully_qualified_name
  }
}

resource "snowflake_external_table" "flights" {
  database          = snowflake_schema.managed.database
  schema            = snowflake_schema.managed.name
  name              = "FLIGHTS"
  location          = "@KEPT.CURATED.${snowflake_stage_external_s3.parquet.name}/flights/"
  file_format       = "TYPE = PARQUET"
  partition_by      = ["OBJECT"]
  auto_refresh      = false
  refresh_on_create = false
  column {
    name = "FLIGHT"
    type = "NUMBER(38,0)"
    as   = "value:flight::NUMBER(38,0)"
  }
  column {
    name = "OBJECT"
    type = "VARCHAR"
    as   = "split_part(split_part(metadata$filename, 'object=', 2), '/', 1)::VARCHAR"
  }
  depends_on = [snowflake_grant_ownership.tables]
}

resource "snowflake_execute" "view" {
  execute = "CREATE OR REPLACE VIEW KEPT.CURATED.V AS SELECT FLIGHT FROM KEPT.CURATED.FLIGHTS"
  revert  = "DROP VIEW IF EXISTS KEPT.CURATED.V"
  query   = "SHOW VIEWS LIKE 'V' IN SCHEMA KEPT.CURATED"
  lifecycle {
    replace_triggered_by = [snowflake_external_table.flights]
  }
}

resource "snowflake_execute" "blind" {
  execute = "SELECT 1"
  revert  = "SELECT 2"
}

resource "snowflake_service_user" "plain" {
  name = "PLAIN"
}

resource "snowflake_service_user" "aws" {
  name              = "AWS"
  comment           = "a Lambda"
  default_role      = snowflake_account_role.loader.name
  default_warehouse = snowflake_warehouse.full.name
  disabled          = "false"
  default_workload_identity {
    aws {
      arn = "arn:aws:iam::111122223333:role/lambda"
    }
  }
}

resource "snowflake_service_user" "oidc" {
  name                           = "OIDC"
  default_role                   = snowflake_account_role.reader.name
  default_namespace              = "KEPT.CURATED"
  default_secondary_roles_option = "NONE"
  default_workload_identity {
    oidc {
      issuer             = "https://token.actions.githubusercontent.com"
      subject            = "repo:acme/data:environment:dev"
      oidc_audience_list = ["snowflake"]
    }
  }
}
