locals {
  # Only what passes by itself is tried again: throttling and concurrency. A failed job is not, it would fail as
  # often and cost as much. Full jitter keeps executions that were refused together from coming back together.
  retry = {
    for name, errors in {
      dynamodb = [
        "DynamoDB.ProvisionedThroughputExceededException", "DynamoDB.RequestLimitExceeded",
        "DynamoDB.ThrottlingException",
      ]
      # Glue.AWSGlueException is how Step Functions names Glue's "Rate exceeded".
      glue = [
        "Glue.AWSGlueException", "Glue.ConcurrentRunsExceededException", "Glue.ResourceNumberLimitExceededException",
        "Glue.ThrottlingException",
      ]
      lambda = ["Lambda.TooManyRequestsException"]
      sns    = ["SNS.ThrottledException", "SNS.ThrottlingException"]
      states = ["Sfn.ThrottlingException"]
      } : name => jsonencode([{
        ErrorEquals     = errors
        IntervalSeconds = name == "glue" ? 30 : 2
        BackoffRate     = 2
        MaxDelaySeconds = name == "glue" ? 300 : 60
        MaxAttempts     = name == "glue" ? 10 : 6
        JitterStrategy  = "FULL"
    }])
  }

  # Decoded and encoded again: the plan shows a definition that is no JSON, and spaces are no change.
  definition = jsonencode(jsondecode(templatefile("${path.module}/templates/pipeline.asl.json", {
    await_seconds       = var.await_seconds
    claims_table        = format(local.name, "claims")
    clean_job           = format(local.name, "clean")
    curate_job          = format(local.name, "curate")
    dataset             = var.dataset
    failures_topic      = format(local.arn, "sns", format(local.name, "failures"))
    job_timeout_seconds = var.job_timeout_seconds
    object_id           = "States.Hash(States.Format('{}/{}', $.bucket, $.key), 'SHA-256')"
    partition           = var.context.partition
    processed_bucket    = format(local.bucket, "processed")
    reconcile_function  = format(local.arn, "lambda", "function:${format(local.name, "reconcile")}")
    refresh_function    = format(local.arn, "lambda", "function:${format(local.name, "refresh")}")
    retry               = local.retry
    subject             = "${var.context.project} ${var.context.environment}: an object could not be processed"
    timeout_seconds     = var.timeout_seconds
  })))
}
