locals {
  log_prefix = "/aws-glue/jobs/${format(local.name, "pipeline")}"
  tags       = { component = "glue" }

  own_arguments = [
    "--additional-python-modules", "--custom-logGroup-prefix", "--enable-auto-scaling", "--enable-job-insights",
    "--enable-metrics", "--enable-observability-metrics", "--extra-py-files", "--job-bookmark-option", "--job-language",
  ]
}

resource "aws_glue_job" "this" {
  for_each = var.jobs

  name                   = format(local.name, each.key)
  description            = each.value.description
  role_arn               = var.role_arn
  glue_version           = var.glue_version
  worker_type            = each.value.worker_type
  number_of_workers      = each.value.number_of_workers
  execution_class        = each.value.execution_class
  timeout                = each.value.timeout_minutes
  security_configuration = aws_glue_security_configuration.this.name
  # The state machine owns the retries; Glue's own would multiply them.
  max_retries             = 0
  job_run_queuing_enabled = each.value.queuing
  tags                    = local.tags

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = local.urls[each.value.script]
  }

  execution_property {
    max_concurrent_runs = each.value.max_concurrent_runs
  }

  # Glue 5 logs continuously; the groups are named by their prefix. An argument that is not needed is left out.
  default_arguments = merge(
    each.value.arguments,
    {
      "--custom-logGroup-prefix"       = local.log_prefix
      "--enable-job-insights"          = "true"
      "--enable-metrics"               = "true"
      "--enable-observability-metrics" = "true"
      "--job-bookmark-option"          = each.value.bookmarks ? "job-bookmark-enable" : "job-bookmark-disable"
      "--job-language"                 = "python"
    },
    { for argument, files in { "--additional-python-modules" = each.value.wheels, "--extra-py-files" = each.value.libraries } :
      argument => join(",", [for file in files : local.urls[file]]) if length(files) > 0
    },
    { for argument in each.value.auto_scaling ? ["--enable-auto-scaling"] : [] : argument => "true" },
  )

  # A run may begin as soon as the job exists: its log groups must be there, or Glue makes them without retention.
  depends_on = [aws_cloudwatch_log_group.this]
}
