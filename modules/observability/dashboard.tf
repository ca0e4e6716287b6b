locals {
  # By machine, in this order, two in a row. A widget without metrics is left out.
  widgets = { for machine, arn in local.machine_arns : machine => [for widget in [
    {
      title = "Executions", stat = "Sum", period = 300
      metrics = [
        for metric in ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut"] :
        ["AWS/States", metric, "StateMachineArn", arn]
      ]
    },
    {
      title   = "Milliseconds per execution", stat = "p90", period = 300
      metrics = [["AWS/States", "ExecutionTime", "StateMachineArn", arn]]
    },
    {
      title = "Undelivered events", stat = "Maximum", period = 300
      metrics = [
        for queue in sort(local.queues) :
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", format(local.name, queue)]
      ]
    },
    {
      title = "Milliseconds per job run", stat = "Maximum", period = 300
      metrics = [
        for job in sort(var.jobs) :
        ["Glue", "glue.driver.aggregate.elapsedTime", "JobName", format(local.name, job), "JobRunId", "ALL", "Type", "count"]
      ]
    },
  ] : widget if length(widget.metrics) > 0] }
}

resource "aws_cloudwatch_dashboard" "this" {
  for_each = local.widgets

  dashboard_name = format(local.name, each.key)

  dashboard_body = jsonencode({
    widgets = [
      for i, w in each.value : {
        type       = "metric", x = i % 2 * 12, y = floor(i / 2) * 6, width = 12, height = 6
        properties = { title = w.title, region = var.context.region, stat = w.stat, period = w.period, metrics = w.metrics }
      }
    ]
  })
}
