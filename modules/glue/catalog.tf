locals {
  input_formats = {
    json    = "org.apache.hadoop.mapred.TextInputFormat"
    parquet = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
  }
  output_formats = {
    json    = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    parquet = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
  }
  serializers = {
    json    = "org.openx.data.jsonserde.JsonSerDe"
    parquet = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
  }
}

resource "aws_glue_catalog_database" "this" {
  name        = "${var.context.project}_${var.context.environment}"
  description = "Curated data sets of ${var.context.project} ${var.context.environment}"
  tags        = local.tags
}

resource "aws_glue_catalog_table" "this" {
  for_each = var.tables

  name          = each.key
  database_name = aws_glue_catalog_database.this.name
  description   = each.value.description
  table_type    = "EXTERNAL_TABLE"
  parameters    = merge({ EXTERNAL = "TRUE", classification = each.value.format }, each.value.parameters)

  dynamic "partition_keys" {
    for_each = each.value.partition_keys

    content {
      name    = partition_keys.value.name
      type    = partition_keys.value.type
      comment = partition_keys.value.comment
    }
  }

  storage_descriptor {
    location      = each.value.location
    input_format  = local.input_formats[each.value.format]
    output_format = local.output_formats[each.value.format]

    ser_de_info {
      serialization_library = local.serializers[each.value.format]
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}
