locals {
  glue_version = "5.1"
  log_prefix   = "/aws-glue/jobs/${format(local.name, "pipeline")}"
  tags         = { component = "glue" }
}

resource "aws_glue_job" "this" {
  for_each = var.jobs

  name                   = format(local.name, each.key)
  role_arn               = var.role_arn
  glue_version           = local.glue_version
  worker_type            = each.value.worker_type
  number_of_workers      = each.value.number_of_workers
  execution_class        = "STANDARD"
  timeout                = each.value.timeout_minutes
  security_configuration = aws_glue_security_configuration.this.name
  # The state machine owns the retries; Glue's own would multiply them.
  max_retries             = 0
  job_run_queuing_enabled = true
  tags                    = local.tags

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://${var.artifacts_bucket}/${aws_s3_object.file[each.value.script].key}"
  }

  execution_property {
    max_concurrent_runs = each.value.max_concurrent_runs
  }

  default_arguments = merge(
    {
      "--custom-logGroup-prefix"       = local.log_prefix
      "--enable-job-insights"          = "true"
      "--enable-metrics"               = "true"
      "--enable-observability-metrics" = "true"
      "--job-bookmark-option"          = "job-bookmark-disable"
      "--job-language"                 = "python"
    },
    { for file in compact([each.value.library]) : "--extra-py-files" => "s3://${var.artifacts_bucket}/${aws_s3_object.file[file].key}" },
  )

  # A run may begin as soon as the job exists: its log groups must be there, or Glue makes them without retention.
  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_glue_catalog_database" "this" {
  name        = "${var.context.project}_${var.context.environment}"
  description = "Curated data sets of ${var.context.project} ${var.context.environment}"
  tags        = local.tags
}
