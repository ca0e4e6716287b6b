# What no role of the environment's services gets beyond, whatever policy it is given. It is the operator's, as this
# module is: the apply role makes roles within it and cannot change it. A boundary grants nothing.

locals {
  own_boundary = var.services_boundary_arn == null
  boundary_arn = "arn:${var.context.partition}:iam::${var.context.account_id}:policy/${format(local.name, "boundary")}"

  # The catalogue of the module iam, on whatever carries the environment's name; what else roles need is var.services_may.
  boundary = concat(
    [
      {
        Sid    = "ByName"
        Effect = "Allow"
        Action = [
          "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem",
          "glue:BatchStopJobRun", "glue:GetDatabase", "glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns", "glue:GetPartition",
          "glue:GetPartitions", "glue:GetTable", "glue:GetTables", "glue:StartJobRun",
          "lambda:InvokeFunction", "logs:CreateLogStream", "logs:PutLogEvents", "sns:Publish", "sqs:SendMessage",
          "states:DescribeExecution", "states:StartExecution", "states:StopExecution",
        ]
        Resource = concat(
          [
            for pattern in [
              "dynamodb:table/${local.any}", "glue:catalog", "glue:database/${var.context.project}_${var.context.environment}",
              "glue:job/${local.any}", "glue:table/${var.context.project}_${var.context.environment}/*",
              "lambda:function:${local.any}", "sns:${local.any}", "sqs:${local.any}",
              "states:execution:${local.any}*", "states:stateMachine:${local.any}",
            ] : format(local.arn, split(":", pattern)[0], replace(pattern, "/^[a-z]+:/", ""))
          ],
          # Streams, never the groups themselves.
          slice(local.log_groups, 1, 3),
        )
      },
      {
        Sid      = "ListBuckets"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"]
        Resource = local.buckets
      },
      {
        Sid    = "Objects"
        Effect = "Allow"
        Action = [
          "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:ListMultipartUploadParts",
          "s3:PutObject",
        ]
        Resource = "${local.buckets}/*"
      },
      {
        # By which Step Functions waits for the executions that an execution starts.
        Sid      = "FollowExecutions"
        Effect   = "Allow"
        Action   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
        Resource = format(local.arn, "events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")
      },
      {
        # States and reviewed plans decide what the apply role does next.
        Sid      = "NeverStates"
        Effect   = "Deny"
        Action   = "s3:*"
        Resource = [local.state, "${local.state}/*"]
      },
      {
        Sid      = "UseKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = local.keys
        Condition = {
          "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = "alias/${var.context.project}-${var.context.environment}" }
          StringEquals               = { "kms:ViaService" = [for service in ["dynamodb", "s3", "sns", "sqs"] : "${service}.${var.context.region}.amazonaws.com"] }
        }
      },
      {
        Sid    = "NoResources"
        Effect = "Allow"
        Action = [
          "cloudwatch:PutMetricData", "glue:GetSecurityConfiguration",
          "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
          "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
        ]
        Resource = "*"
      },
    ],
    [for sid, may in var.services_may : { Sid = sid, Effect = "Allow", Action = sort(may.actions), Resource = sort(may.resources) }],
  )
}

resource "aws_iam_policy" "services_boundary" {
  count = local.own_boundary ? 1 : 0

  name        = format(local.name, "boundary")
  description = "What no role of ${var.context.project} ${var.context.environment} gets beyond"
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.boundary })
  tags        = local.tags

  lifecycle {
    precondition {
      condition     = length(jsonencode({ Version = "2012-10-17", Statement = local.boundary })) <= 6144
      error_message = "The boundary is longer than the 6,144 characters that IAM takes: shorten services_may, or name a policy of your own in services_boundary_arn."
    }
  }
}
