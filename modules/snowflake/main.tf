locals {
  database = upper("${var.context.project}_${var.context.environment}")
  loader   = upper("${var.context.project}_LOADER_${var.context.environment}")
  reader   = upper("${var.context.project}_READER_${var.context.environment}")
  comment  = "${var.context.project} ${var.context.environment}"
}

resource "snowflake_database" "this" {
  name    = local.database
  comment = local.comment
}

resource "snowflake_schema" "curated" {
  database = snowflake_database.this.name
  name     = "CURATED"
  comment  = local.comment
}

resource "snowflake_warehouse" "this" {
  name                = local.database
  comment             = local.comment
  warehouse_size      = var.warehouse.size
  auto_suspend        = var.warehouse.auto_suspend_seconds
  auto_resume         = "true"
  initially_suspended = true
}

resource "snowflake_stage_external_s3" "processed" {
  database            = snowflake_schema.curated.database
  schema              = snowflake_schema.curated.name
  name                = "PROCESSED"
  comment             = local.comment
  url                 = "s3://${format(local.bucket, "processed")}/${var.prefix}"
  storage_integration = var.integration_name

  file_format {
    parquet {
      compression = "AUTO"
    }
  }
}
