resource "snowflake_warehouse" "size" {
  name           = "W"
  warehouse_size = "HUGE"
}

resource "snowflake_warehouse" "word" {
  name        = "W"
  auto_resume = "yes"
}

resource "snowflake_warehouse" "kind" {
  name           = "W"
  warehouse_type = "FAST"
}

resource "snowflake_warehouse" "number" {
  name         = "W"
  auto_suspend = -5
}

resource "snowflake_warehouse" "conflict" {
  name                = "W"
  generation          = "1"
  resource_constraint = "MEMORY_1X"
}

resource "snowflake_warehouse" "factor" {
  name                                = "W"
  query_acceleration_max_scale_factor = 200
}

resource "snowflake_warehouse" "policy" {
  name           = "W"
  scaling_policy = "LAVISH"
}

resource "snowflake_database" "retention" {
  name                        = "D"
  data_retention_time_in_days = 91
}

resource "snowflake_database" "level" {
  name      = "D"
  log_level = "LOUD"
}

resource "snowflake_schema" "managed" {
  database            = "D"
  name                = "S"
  with_managed_access = "yes"
}

resource "snowflake_resource_monitor" "frequency" {
  name      = "M"
  frequency = "DAILY"
}

resource "snowflake_resource_monitor" "quota" {
  name         = "M"
  credit_quota = 0
}

resource "snowflake_resource_monitor" "trigger" {
  name            = "M"
  suspend_trigger = 0
}

resource "snowflake_storage_integration_aws" "provider" {
  name                      = "I"
  enabled                   = true
  storage_provider          = "GCS"
  storage_allowed_locations = ["s3://b/"]
  storage_aws_role_arn      = "arn:aws:iam::111122223333:role/r"
}

resource "snowflake_storage_integration_aws" "empty" {
  name                      = "I"
  enabled                   = true
  storage_provider          = "S3"
  storage_allowed_locations = ["s3://b/"]
  storage_aws_role_arn      = ""
  storage_aws_object_acl    = "public"
}

resource "snowflake_storage_integration_aws" "nowhere" {
  name                      = "I"
  enabled                   = true
  storage_provider          = "S3"
  storage_allowed_locations = []
  storage_aws_role_arn      = "arn:aws:iam::111122223333:role/r"
}

resource "snowflake_stage_external_s3" "two" {
  database = "D"
  schema   = "S"
  name     = "T"
  url      = "s3://b/"
  file_format {
    format_name = "D.S.F"
    parquet {}
  }
}

resource "snowflake_stage_external_s3" "none" {
  database = "D"
  schema   = "S"
  name     = "T"
  url      = "s3://b/"
  file_format {}
}

resource "snowflake_stage_external_s3" "compression" {
  database = "D"
  schema   = "S"
  name     = "T"
  url      = "s3://b/"
  file_format {
    parquet {
      compression = "GZIP"
    }
  }
}

resource "snowflake_stage_external_s3" "word" {
  database                 = "D"
  schema                   = "S"
  name                     = "T"
  url                      = "s3://b/"
  storage_integration      = "I"
  use_privatelink_endpoint = "true"
  file_format {
    parquet {
      trim_space = "yes"
    }
  }
}

resource "snowflake_stage_external_s3" "name" {
  database = "D"
  schema   = "S"
  name     = "T"
  url      = "s3://b/"
  file_format {
    format_name = "F"
  }
}

resource "snowflake_grant_account_role" "nobody" {
  role_name = "R"
}

resource "snowflake_grant_account_role" "both" {
  role_name        = "R"
  parent_role_name = "P"
  user_name        = "U"
}

resource "snowflake_grant_privileges_to_account_role" "nothing" {
  account_role_name = "R"
  on_account        = true
}

resource "snowflake_grant_privileges_to_account_role" "nowhere" {
  account_role_name = "R"
  privileges        = ["USAGE"]
}

resource "snowflake_grant_privileges_to_account_role" "ownership" {
  account_role_name = "R"
  privileges        = ["OWNERSHIP"]
  on_account        = true
}

resource "snowflake_grant_privileges_to_account_role" "imported" {
  account_role_name = "R"
  privileges        = ["IMPORTED PRIVILEGES", "USAGE"]
  on_account_object {
    object_type = "DATABASE"
    object_name = "D"
  }
}

resource "snowflake_grant_privileges_to_account_role" "type" {
  account_role_name = "R"
  privileges        = ["USAGE"]
  on_account_object {
    object_type = "PLANET"
    object_name = "P"
  }
}

resource "snowflake_grant_privileges_to_account_role" "half" {
  account_role_name = "R"
  privileges        = ["USAGE"]
  on_account_object {
    object_name = "P"
  }
}

resource "snowflake_grant_privileges_to_account_role" "plural" {
  account_role_name = "R"
  privileges        = ["SELECT"]
  on_schema_object {
    future {
      object_type_plural = "TABLE"
      in_schema          = "D.S"
    }
  }
}

resource "snowflake_grant_privileges_to_account_role" "schema" {
  account_role_name = "R"
  privileges        = ["USAGE"]
  on_schema {
    schema_name = "S"
  }
}

resource "snowflake_grant_privileges_to_account_role" "strict" {
  account_role_name           = "R"
  all_privileges              = true
  strict_privilege_management = true
  on_account                  = true
}

resource "snowflake_grant_ownership" "fate" {
  account_role_name   = "R"
  outbound_privileges = "KEEP"
  on {
    object_type = "SCHEMA"
    object_name = "D.S"
  }
}

resource "snowflake_grant_ownership" "both" {
  account_role_name  = "R"
  database_role_name = "D.R"
  on {
    object_type = "SCHEMA"
    object_name = "D.S"
  }
}

resource "snowflake_grant_ownership" "type" {
  account_role_name = "R"
  on {
    object_type = "PLANET"
    object_name = "D.S"
  }
}

resource "snowflake_grant_ownership" "place" {
  account_role_name = "R"
  on {
    future {
      object_type_plural = "VIEWS"
      in_database        = "D"
      in_schema          = "D.S"
    }
  }
}

resource "snowflake_external_table" "type" {
  database    = "D"
  schema      = "S"
  name        = "T"
  location    = "@D.S.STAGE"
  file_format = "TYPE = PARQUET"
  column {
    name = "C"
    type = "PLANET"
    as   = "value:c"
  }
}

resource "snowflake_external_table" "format" {
  database     = "D"
  schema       = "S"
  name         = "T"
  location     = "@D.S.STAGE"
  file_format  = "TYPE = PARQUET"
  table_format = "iceberg"
  column {
    name = "C"
    type = "VARIANT"
    as   = "value:c"
  }
}

resource "snowflake_service_user" "word" {
  name     = "U"
  disabled = "no"
}

resource "snowflake_service_user" "secondary" {
  name                           = "U"
  default_secondary_roles_option = "SOME"
}

resource "snowflake_service_user" "minutes" {
  name           = "U"
  mins_to_unlock = -7
}

resource "snowflake_service_user" "two" {
  name = "U"
  default_workload_identity {
    aws {
      arn = "arn:aws:iam::111122223333:role/r"
    }
    oidc {
      issuer  = "https://i"
      subject = "s"
    }
  }
}

resource "snowflake_service_user" "none" {
  name = "U"
  default_workload_identity {}
}

resource "snowflake_service_user" "warehouse" {
  name                   = "U"
  timezone               = "UTC"
  lock_timeout           = -1
  unsupported_ddl_action = "explode"
}
