# The file format stands inline, because file formats of their own are a preview feature of the provider.
resource "snowflake_stage_external_s3" "this" {
  for_each = var.stages

  database            = snowflake_schema.this[local.schema[each.key]].database
  schema              = snowflake_schema.this[local.schema[each.key]].name
  name                = local.path[each.key][2]
  comment             = local.comment
  url                 = "${ { aws = "s3", aws-cn = "s3china", aws-us-gov = "s3gov" }[var.context.partition]}://${format(local.bucket, each.value.bucket)}/${each.value.prefix}"
  storage_integration = var.integration_name

  file_format {
    dynamic "json" {
      for_each = each.value.file_format.json[*]

      content {
        compression       = json.value.compression
        strip_outer_array = tostring(json.value.strip_outer_array)
      }
    }
    dynamic "parquet" {
      for_each = each.value.file_format.parquet[*]

      content {
        compression = parquet.value.compression
      }
    }
  }
}
