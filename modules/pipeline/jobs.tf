# The machine that runs jobs for whole tables, by a schedule or by hand.

module "jobs" {
  source  = "../stepfunctions"
  context = var.context
  count   = var.jobs == null ? 0 : 1

  definition = templatefile("${path.module}/templates/jobs.asl.json", {
    failures_topic      = format(local.arn, "sns", format(local.name, "failures"))
    job_name            = format(local.name, "{}")
    job_timeout_seconds = var.job_timeout_seconds
    partition           = var.context.partition
    processed_bucket    = format(local.bucket, "processed")
    retry               = local.retry
    subject             = "${var.context.project} ${var.context.environment}: a job failed"
    timeout_seconds     = var.timeout_seconds
  })
  kms_key_arn        = var.kms_key_arn
  log_level          = var.log_level
  log_retention_days = var.log_retention_days
  name               = "jobs"
  opt_out            = { for default, o in var.opt_out : default => o if default != "point_in_time_recovery" }
  role_arn           = var.jobs.role_arn
}
