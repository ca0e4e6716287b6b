# What the roles may do: a catalogue of small statements, put together per role.
# Resource "*" stands only where AWS knows no resource for the action; the Sid says which.

locals {
  raw       = format(local.bucket_arn, "raw")
  processed = format(local.bucket_arn, "processed")
  artifacts = format(local.bucket_arn, "artifacts")
  machine   = format(local.name, "pipeline")

  # The key's ARN is not known by name, its alias is.
  use_key_through_s3 = {
    Sid      = "UseKeyThroughS3"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = format(local.arn, "kms", "key/*")
    Condition = {
      "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = "alias/${var.context.project}-${var.context.environment}" }
      StringEquals               = { "kms:ViaService" = "s3.${var.context.region}.amazonaws.com" }
    }
  }
  read_through_s3 = merge(local.use_key_through_s3, { Action = ["kms:Decrypt"] })
  trace = {
    Sid    = "TraceHasNoResources"
    Effect = "Allow"
    Action = [
      "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ]
    Resource = "*"
  }

  policies = {
    eventbridge = [{
      Sid      = "StartPipeline"
      Effect   = "Allow"
      Action   = "states:StartExecution"
      Resource = format(local.arn, "states", "stateMachine:${local.machine}")
    }]

    glue = [
      {
        Sid      = "ReadRaw"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = "${local.raw}/*"
      },
      {
        Sid    = "WriteProcessed"
        Effect = "Allow"
        Action = [
          "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
        ]
        Resource = "${local.processed}/*"
      },
      {
        Sid      = "ReadScripts"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${local.artifacts}/glue/*"
      },
      {
        Sid      = "ListBuckets"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = [local.artifacts, local.processed, local.raw]
      },
      local.use_key_through_s3,
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = format(local.arn, "logs", "log-group:/aws-glue/jobs/${format(local.name, "*")}")
      },
      {
        Sid      = "ReadOwnSecurityConfiguration"
        Effect   = "Allow"
        Action   = "glue:GetSecurityConfiguration"
        Resource = "*"
      },
      {
        Sid       = "MetricsHaveNoResources"
        Effect    = "Allow"
        Action    = "cloudwatch:PutMetricData"
        Resource  = "*"
        Condition = { StringEquals = { "cloudwatch:namespace" = "Glue" } }
      },
    ]

    lambda = [
      {
        Sid      = "ReadReports"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${local.processed}/reports/*"
      },
      {
        Sid       = "ListReports"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.processed
        Condition = { StringLike = { "s3:prefix" = "reports/*" } }
      },
      local.read_through_s3,
      {
        Sid    = "WriteLogs"
        Effect = "Allow"
        Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [
          for name in var.functions : format(local.arn, "logs", "log-group:/aws/lambda/${format(local.name, name)}:*")
        ]
      },
      local.trace,
    ]

    snowflake = [
      {
        Sid      = "ReadCurated"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = "${local.processed}/curated/*"
      },
      {
        Sid       = "ListCurated"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.processed
        Condition = { StringLike = { "s3:prefix" = ["curated/*"] } }
      },
      {
        Sid      = "FindBucket"
        Effect   = "Allow"
        Action   = "s3:GetBucketLocation"
        Resource = local.processed
      },
      local.read_through_s3,
    ]

    stepfunctions = [
      {
        Sid      = "RunJobs"
        Effect   = "Allow"
        Action   = ["glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"]
        Resource = [for name in var.jobs : format(local.arn, "glue", "job/${format(local.name, name)}")]
      },
      {
        Sid      = "InvokeFunctions"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = [for name in var.functions : format(local.arn, "lambda", "function:${format(local.name, name)}")]
      },
      {
        Sid      = "Claim"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = format(local.arn, "dynamodb", "table/${format(local.name, "claims")}")
      },
      {
        Sid      = "SeeWhetherAClaimIsAbandoned"
        Effect   = "Allow"
        Action   = "states:DescribeExecution"
        Resource = format(local.arn, "states", "execution:${local.machine}:*")
      },
      {
        Sid      = "Notify"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = format(local.arn, "sns", format(local.name, "failures"))
      },
      merge(local.use_key_through_s3, {
        Sid = "UseKeyThroughSns"
        Condition = merge(local.use_key_through_s3.Condition, {
          StringEquals = { "kms:ViaService" = "sns.${var.context.region}.amazonaws.com" }
        })
      }),
      {
        Sid    = "LogDeliveryHasNoResources"
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
        ]
        Resource = "*"
      },
      local.trace,
    ]
  }
}
