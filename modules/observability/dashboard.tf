resource "aws_cloudwatch_dashboard" "pipeline" {
  dashboard_name = format(local.name, "pipeline")

  dashboard_body = jsonencode({
    widgets = [
      {
        type = "metric", x = 0, y = 0, width = 12, height = 6
        properties = {
          title  = "Executions"
          region = var.context.region
          stat   = "Sum"
          period = 300
          metrics = [
            for metric in ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut"] :
            ["AWS/States", metric, "StateMachineArn", local.machine_arn]
          ]
        }
      },
      {
        type = "metric", x = 12, y = 0, width = 12, height = 6
        properties = {
          title   = "Seconds per execution"
          region  = var.context.region
          stat    = "p90"
          period  = 300
          metrics = [["AWS/States", "ExecutionTime", "StateMachineArn", local.machine_arn]]
        }
      },
      {
        type = "metric", x = 0, y = 6, width = 12, height = 6
        properties = {
          title   = "Undelivered events"
          region  = var.context.region
          stat    = "Maximum"
          period  = 300
          metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", format(local.name, "raw-objects-dlq")]]
        }
      },
      {
        type = "metric", x = 12, y = 6, width = 12, height = 6
        properties = {
          title  = "Seconds per job run"
          region = var.context.region
          stat   = "Maximum"
          period = 300
          metrics = [
            for job in sort(tolist(var.jobs)) :
            ["Glue", "glue.driver.aggregate.elapsedTime", "JobName", format(local.name, job), "JobRunId", "ALL", "Type", "count"]
          ]
        }
      },
    ]
  })
}
