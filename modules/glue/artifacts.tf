# A file's key carries the hash of its content: a job names exactly the bytes it runs, and a change of the file is a
# change of the job in the plan.

locals {
  files = toset(flatten([for j in var.jobs : concat([j.script], j.libraries, j.wheels)]))
  urls  = { for file, object in aws_s3_object.file : file => "s3://${var.artifacts_bucket}/${object.key}" }
}

resource "aws_s3_object" "file" {
  for_each = local.files

  bucket      = var.artifacts_bucket
  key         = "glue/${filesha256("${var.artifacts_dir}/${each.key}")}/${basename(each.key)}"
  source      = "${var.artifacts_dir}/${each.key}"
  source_hash = filesha256("${var.artifacts_dir}/${each.key}")
  tags        = local.tags

  lifecycle {
    create_before_destroy = true
  }
}
