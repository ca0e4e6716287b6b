# The file format stands inline, because file formats of their own are a preview feature of the provider. It is said
# whole, Snowflake's defaults included, so that an imported stage needs no change.
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
        allow_duplicate      = "false"
        binary_format        = "HEX"
        compression          = json.value.compression
        date_format          = "AUTO"
        enable_octal         = "false"
        ignore_utf8_errors   = "false"
        multi_line           = "true"
        null_if              = ["\\N"]
        skip_byte_order_mark = "true"
        strip_null_values    = "false"
        strip_outer_array    = tostring(json.value.strip_outer_array)
        time_format          = "AUTO"
        timestamp_format     = "AUTO"
        trim_space           = "false"
      }
    }
    dynamic "parquet" {
      for_each = each.value.file_format.parquet[*]

      content {
        binary_as_text             = "true"
        compression                = parquet.value.compression
        null_if                    = ["\\N"]
        replace_invalid_characters = "false"
        trim_space                 = "false"
        use_logical_type           = "false"
        use_vectorized_scanner     = "false"
      }
    }
  }

  # Whether there is a directory table, and AWS PrivateLink, is not this module's to say; an imported stage keeps them.
  lifecycle {
    ignore_changes = [directory, file_format[0].json[0].replace_invalid_characters, use_privatelink_endpoint]
  }
}
