locals {
  # Only what passes by itself is tried again: throttling and concurrency. A failed job is not, it would fail as
  # often and cost as much. Full jitter keeps executions that were refused together from coming back together.
  own_retries = {
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
  }
  retries = {
    for service, errors in local.own_retries : service => lookup(var.retries, service, {
      backoff_rate      = 2
      errors            = errors
      interval_seconds  = service == "glue" ? 30 : 2
      max_attempts      = service == "glue" ? 10 : 6
      max_delay_seconds = service == "glue" ? 300 : 60
    })
  }
  retry = {
    for service, r in local.retries : service => jsonencode([{
      ErrorEquals     = sort(r.errors)
      IntervalSeconds = r.interval_seconds
      BackoffRate     = r.backoff_rate
      MaxDelaySeconds = r.max_delay_seconds
      MaxAttempts     = r.max_attempts
      JitterStrategy  = "FULL"
    }])
  }

  # Beside Failed, for which no error is too odd: the caller's own states, and the choice between them.
  failures = merge(
    { for name, f in var.failure_states : name => {
      Type      = "Fail"
      Comment   = coalesce(f.comment, "Ends executions that failed with ${join(", ", sort(f.errors))}.")
      ErrorPath = "States.Format('${name}.{}', $.error.Error)"
      CausePath = "$.error.Cause"
    } },
    { for name in length(var.failure_states) > 0 ? ["ClassifyFailure"] : [] : name => {
      Type    = "Choice"
      Choices = [for next, f in var.failure_states : { Or = [for e in sort(f.errors) : { Variable = "$.error.Error", StringMatches = e }], Next = next }]
      Default = "Failed"
    } },
  )

  # `deleted` stands for the ETag of what is not there.
  current_version = join(" ", [
    "{% ( $now := $states.result.Versions[Key = $states.input.key and IsLatest];",
    "$merge([$states.input, $exists($now) ? {'etag': $replace($now.ETag, '\"', ''), 'version_id': $now.VersionId} : {'etag': 'deleted'}]) ) %}",
  ])
  # Which of the reference files are the data set's, the job says; their names have an end.
  generation = join(" ", [
    "{% ( $all := $lookup($states.input.job.arguments, '--generations');",
    "$own := $lookup($parse($exists($all) ? $all : '{}'), $split($states.input.key, '/')[0]);",
    "$read := $states.result.Contents[$substringBefore($substringAfter(Key, '/'), '.') in $own.references];",
    "$merge([$sift($states.input, function($v, $k) { $k != 'job' }), {'generation':",
    "$hash($join([$own.generation, $sort($read.(Key & ' ' & ETag))], ' '), 'SHA-256')}]) ) %}",
  ])

  definition = templatefile("${path.module}/templates/pipeline.asl.json", {
    after_notify    = length(local.failures) > 0 ? "ClassifyFailure" : "Failed"
    await_seconds   = var.await_seconds
    claims_table    = format(local.name, "claims")
    clean_job       = format(local.name, "clean")
    curate_job      = format(local.name, "curate")
    current_version = local.current_version
    # The folder that the object lies in; the jobs have its contract.
    dataset             = "States.ArrayGetItem(States.StringSplit($.key, '/'), 0)"
    failures            = local.failures
    generation          = local.generation
    failures_topic      = format(local.arn, "sns", format(local.name, "failures"))
    job_timeout_seconds = var.job_timeout_seconds
    metrics_namespace   = "${var.context.project}/${var.context.environment}"
    object_id           = "States.Hash(States.Format('{}/{}', $.bucket, $.key), 'SHA-256')"
    partition           = var.context.partition
    processed_bucket    = format(local.bucket, "processed")
    reconcile_function  = format(local.arn, "lambda", "function:${format(local.name, "reconcile")}")
    refresh_function    = format(local.arn, "lambda", "function:${format(local.name, "refresh")}")
    remove_job          = format(local.name, "remove")
    retry               = local.retry
    subject             = "${var.context.project} ${var.context.environment}: an object could not be processed"
    timeout_seconds     = var.timeout_seconds
  })
}
