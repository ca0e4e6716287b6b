# The one place that knows what an integration needs at least; callers name it and give the ARNs it is for.

locals {
  # `kms` is the service through which the environment's key is used on the way, and how.
  catalogue = {
    dynamodb_scan     = { actions = ["dynamodb:Scan"], kms = { dynamodb = ["kms:Decrypt"] } }
    dynamodb_update   = { actions = ["dynamodb:GetItem", "dynamodb:UpdateItem"], kms = { dynamodb = ["kms:Decrypt"] } }
    glue_catalog_read = { actions = ["glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"], kms = {} }
    glue_run          = { actions = ["glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"], kms = {} }
    lambda_invoke     = { actions = ["lambda:InvokeFunction"], kms = {} }
    logs_write        = { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], kms = {} }
    s3_read           = { actions = ["s3:GetObject"], kms = { s3 = ["kms:Decrypt"] } }
    s3_read_versions  = { actions = ["s3:GetObjectVersion"], kms = { s3 = ["kms:Decrypt"] } }
    s3_write = {
      actions = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      # An upload in parts is decrypted to be put together.
      kms = { s3 = ["kms:Decrypt", "kms:GenerateDataKey"] }
    }
    sns_publish     = { actions = ["sns:Publish"], kms = { sns = ["kms:Decrypt", "kms:GenerateDataKey"] } }
    sqs_send        = { actions = ["sqs:SendMessage"], kms = { sqs = ["kms:Decrypt", "kms:GenerateDataKey"] } }
    states_describe = { actions = ["states:DescribeExecution"], kms = {} }
    states_start    = { actions = ["states:StartExecution"], kms = {} }
    states_stop     = { actions = ["states:StopExecution"], kms = {} }
  }

  # AWS knows no resource for these actions, and the Sid says so.
  features = {
    glue_runtime = [
      { Sid = "SecurityConfigurationHasNoResource", Action = ["glue:GetSecurityConfiguration"], Condition = {} },
      {
        Sid       = "MetricsHaveNoResource", Action = ["cloudwatch:PutMetricData"],
        Condition = { StringEquals = { "cloudwatch:namespace" = "Glue" } }
      },
    ]
    log_delivery = [{
      Sid = "LogDeliveryHasNoResource"
      Action = [
        "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
      ]
      Condition = {}
    }]
    tracing = [{
      Sid       = "TracesHaveNoResource"
      Action    = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Condition = {}
    }]
  }
}
