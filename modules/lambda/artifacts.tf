# A zip's key carries the hash of its content, so that a function names exactly the bytes it runs.

resource "aws_s3_object" "zip" {
  for_each = toset(concat([for l in var.layers : l.zip], [for f in var.functions : f.zip]))

  bucket      = var.artifacts_bucket
  key         = "lambda/${filesha256("${var.artifacts_dir}/${each.key}")}/${basename(each.key)}"
  source      = "${var.artifacts_dir}/${each.key}"
  source_hash = filesha256("${var.artifacts_dir}/${each.key}")
  tags        = local.tags

  lifecycle {
    create_before_destroy = true
  }
}
