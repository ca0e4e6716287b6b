resource "snowflake_database" "dev" {
  name    = "STRATA_DEV"
  comment = "the lake"
}

resource "snowflake_schema" "curated" {
  database = snowflake_database.dev.name
  name     = "CURATED"
}

resource "snowflake_warehouse" "dev" {
  name           = "STRATA_DEV"
  warehouse_size = "XSMALL"
  auto_suspend   = 60
}

resource "snowflake_storage_integration_aws" "s3" {
  name                      = "STRATA_S3_DEV"
  enabled                   = true
  storage_provider          = "S3"
  storage_allowed_locations = ["s3://<bucket>/curated/"]
  storage_blocked_locations = []
  storage_aws_role_arn      = "<role_arn>"
  storage_aws_external_id   = "<external_id>"
}

resource "snowflake_stage_external_s3" "processed" {
  database            = snowflake_schema.curated.database
  schema              = snowflake_schema.curated.name
  name                = "PROCESSED"
  url                 = "s3://<bucket>/curated/"
  storage_integration = snowflake_storage_integration_aws.s3.name
  file_format {
    parquet {
      compression = "AUTO"
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

resource "snowflake_grant_account_role" "loader" {
  role_name        = snowflake_account_role.loader.name
  parent_role_name = "SYSADMIN"
}

resource "snowflake_grant_account_role" "user" {
  role_name = snowflake_account_role.loader.name
  user_name = snowflake_service_user.loader.name
}

resource "snowflake_grant_privileges_to_account_role" "database" {
  account_role_name = snowflake_account_role.loader.name
  privileges        = ["USAGE"]
  on_account_object {
    object_type = "DATABASE"
    object_name = snowflake_database.dev.name
  }
}

resource "snowflake_grant_privileges_to_account_role" "schema" {
  account_role_name = snowflake_account_role.loader.name
  privileges = ["USAGE"] # schema
  on_schema {
    schema_name = snowflake_schema.curated.fully_qualified_name
  }
}

resource "snowflake_grant_privileges_to_account_role" "views" {
  account_role_name = snowflake_account_role.reader.name
  privileges        = ["SELECT"]
  on_schema_object {
    future {
      object_type_plural = "VIEWS"
      in_schema          = snowflake_schema.curated.fully_qualified_name
    }
  }
}

resource "snowflake_grant_ownership" "tables" {
  account_role_name = snowflake_account_role.loader.name
  on {
    future {
      object_type_plural = "EXTERNAL TABLES"
      in_schema          = snowflake_schema.curated.fully_qualified_name
    }
  }
}

resource "snowflake_external_table" "flights" {
  database          = snowflake_schema.curated.database
  schema            = snowflake_schema.curated.name
  name              = "FLIGHTS"
  location          = "@STRATA_DEV.CURATED.${snowflake_stage_external_s3.processed.name}/flights/"
  file_format       = "TYPE = PARQUET"
  partition_by      = ["OBJECT"]
  auto_refresh      = false
  refresh_on_create = true
  column {
    name = "CARRIER"
    type = "VARCHAR"
    as   = "value:carrier::VARCHAR"
  }
  column {
    name = "FLIGHT"
    type = "NUMBER(38,0)"
    as   = "value:flight::NUMBER(38,0)"
  }
  column {
    name = "FARE"
    type = "NUMBER(10,2)"
    as   = "value:fare::NUMBER(10,2)"
  }
  column {
    name = "OBJECT"
    type = "VARCHAR"
    as   = "split_part(split_part(metadata$filename, 'object=', 2), '/', 1)::VARCHAR"
  }
  depends_on = [snowflake_grant_ownership.tables]
}

resource "snowflake_execute" "current" {
  execute = "CREATE OR REPLACE VIEW STRATA_DEV.CURATED.FLIGHTS_CURRENT AS SELECT CARRIER, FLIGHT FROM STRATA_DEV.CURATED.FLIGHTS QUALIFY ROW_NUMBER() OVER (PARTITION BY CARRIER, FLIGHT ORDER BY OBJECT DESC) = 1"
  revert  = "DROP VIEW IF EXISTS STRATA_DEV.CURATED.FLIGHTS_CURRENT"
  query   = "SHOW VIEWS LIKE 'FLIGHTS_CURRENT' IN SCHEMA STRATA_DEV.CURATED"
  lifecycle {
    replace_triggered_by = [snowflake_external_table.flights]
  }
}

resource "snowflake_service_user" "loader" {
  name         = "LOADER"
  default_role = snowflake_account_role.loader.name
  disabled = "false"
  default_workload_identity {
    aws {
      arn = "arn:aws:iam::111122223333:role/strata-lambda-dev"
    }
  }
}

resource "snowflake_resource_monitor" "m" {
  name            = "M"
  credit_quota    = 5
  notify_triggers = [50, 80]
  suspend_trigger = 100
}
