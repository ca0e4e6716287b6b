# What the two roles may do: actions by name, on what carries the project's and the environment's name. Resource "*"
# stands only where AWS knows no resource for the action; the Sid says so.

locals {
  any       = format(local.name, "*")
  state     = format(local.bucket_arn, "tfstate")
  lock      = format(local.arn, "dynamodb", "table/${format(local.name, "tflock")}")
  buckets   = "arn:${var.context.partition}:s3:::${format(local.bucket, "*")}"
  artifacts = "${format(local.bucket_arn, "artifacts")}/*"
  states    = "${local.state}/live/${var.context.environment}/*"
  keys      = format(local.arn, "kms", "key/*")
  bound     = coalesce(var.services_boundary_arn, local.boundary_arn)
  own       = concat([for role in keys(local.roles) : format(local.role_arn, role)], [local.boundary_arn])
  own_key   = { StringEquals = { "aws:ResourceTag/environment" = var.context.environment, "aws:ResourceTag/project" = var.context.project } }
  through   = { for service in ["dynamodb", "lambda", "s3"] : service => "${service}.${var.context.region}.amazonaws.com" }

  # AWS evaluates a log group as <ARN>:log-stream:…, but for its tags; the group of a Glue job lies below the job's name.
  # One pattern for /aws/lambda, /aws/vendedlogs and /aws-glue: IAM takes 10,240 characters.
  log_groups = [for rest in ["", ":*", "/*"] : format(local.arn, "logs", "log-group:/aws*/${local.any}${rest}")]
  named = concat(
    [
      for pattern in [
        "cloudwatch:alarm:${local.any}", "dynamodb:table/${local.any}",
        "events:*/${local.any}", "events:event-bus/default",
        "glue:catalog", "glue:database/${var.context.project}_${var.context.environment}", "glue:job/${local.any}",
        "glue:table/${var.context.project}_${var.context.environment}/*",
        "lambda:*:${local.any}", "lambda:layer:${local.any}:*",
        "sns:${local.any}", "sqs:${local.any}", "states:stateMachine:${local.any}",
      ] : format(local.arn, split(":", pattern)[0], replace(pattern, "/^[a-z]+:/", ""))
    ],
    ["arn:${var.context.partition}:cloudwatch::${var.context.account_id}:dashboard/${local.any}"],
    local.log_groups,
  )

  # By name. One statement serves many services: an ARN fits the actions of its own service only.
  actions = {
    read = [
      "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource",
      "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:ListTagsOfResource",
      "events:DescribeArchive", "events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule",
      "glue:GetDatabase", "glue:GetJob", "glue:GetPartitionIndexes", "glue:GetTable", "glue:GetTags",
      "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConfiguration",
      "lambda:GetFunctionEventInvokeConfig", "lambda:GetLayerVersion", "lambda:ListVersionsByFunction",
      "logs:ListTagsForResource",
      "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListTagsForResource",
      "sqs:GetQueueAttributes", "sqs:ListQueueTags",
      "states:DescribeStateMachine", "states:DescribeStateMachineAlias", "states:ListStateMachineVersions", "states:ListTagsForResource",
    ]
    write = [
      "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm",
      "cloudwatch:TagResource", "cloudwatch:UntagResource",
      "dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:TagResource", "dynamodb:UntagResource",
      "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive",
      "events:CreateArchive", "events:DeleteArchive", "events:DeleteRule", "events:PutRule", "events:PutTargets",
      "events:RemoveTargets", "events:TagResource", "events:UntagResource", "events:UpdateArchive",
      "glue:CreateDatabase", "glue:CreateJob", "glue:CreateTable", "glue:DeleteDatabase", "glue:DeleteJob", "glue:DeleteTable",
      "glue:TagResource", "glue:UntagResource", "glue:UpdateDatabase", "glue:UpdateJob", "glue:UpdateTable",
      "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency",
      "lambda:DeleteFunctionEventInvokeConfig", "lambda:DeleteLayerVersion", "lambda:PublishLayerVersion",
      "lambda:PutFunctionConcurrency", "lambda:PutFunctionEventInvokeConfig", "lambda:TagResource", "lambda:UntagResource",
      "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionEventInvokeConfig",
      "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy",
      "logs:DisassociateKmsKey", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
      "sns:CreateTopic", "sns:DeleteTopic", "sns:SetSubscriptionAttributes", "sns:SetTopicAttributes", "sns:Subscribe",
      "sns:TagResource", "sns:Unsubscribe", "sns:UntagResource",
      "sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue",
      "states:CreateStateMachine", "states:CreateStateMachineAlias", "states:DeleteStateMachine",
      "states:DeleteStateMachineAlias", "states:DeleteStateMachineVersion", "states:PublishStateMachineVersion",
      "states:TagResource", "states:UntagResource", "states:UpdateStateMachine", "states:UpdateStateMachineAlias",
    ]
  }
  bucket_actions = {
    read = [
      "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLocation", "s3:GetBucketLogging",
      "s3:GetBucketNotification", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
      "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning",
      "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration",
      "s3:ListBucket",
    ]
    write = [
      "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketLogging", "s3:PutBucketNotification",
      "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging",
      "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
    ]
  }

  object_actions = {
    read  = ["s3:GetObject", "s3:GetObjectTagging"]
    write = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
  }

  # Settings, never data: no object of raw or processed, no secret, no log line, no row.
  read = [
    {
      Sid      = "ReadNoResources"
      Effect   = "Allow"
      Action   = ["glue:GetSecurityConfiguration", "kms:ListAliases", "logs:DescribeLogGroups", "states:ValidateStateMachineDefinition"]
      Resource = "*"
    },
    {
      Sid    = "ReadLogin"
      Effect = "Allow"
      Action = [
        "iam:GetOpenIDConnectProvider", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListPolicyVersions", "iam:ListRolePolicies",
      ]
      Resource = [format(local.role_arn, "*"), local.bound, local.provider_arn]
    },
    {
      Sid       = "ReadKey"
      Effect    = "Allow"
      Action    = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]
      Resource  = local.keys
      Condition = local.own_key
    },
    {
      # To read and to write state and plans in S3, and the environment variables of functions.
      Sid       = "UseKey"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = local.keys
      Condition = { StringEquals = { "kms:ViaService" = values(local.through) } }
    },
    {
      Sid      = "Lock"
      Effect   = "Allow"
      Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"]
      Resource = local.lock
    },
    {
      Sid      = "LockFile"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:PutObject"]
      Resource = "${local.state}/live/${var.context.environment}/*.tflock"
    },
  ]

  # The plan that is reviewed: written by one role, read by the other.
  plans = "${local.state}/plans/${var.context.environment}/*"

  # Everything of this project and environment, by name, and nothing else; objects of raw and processed stay out of reach.
  write = [
    {
      Sid      = "WriteNoResources"
      Effect   = "Allow"
      Action   = ["glue:CreateSecurityConfiguration", "glue:DeleteSecurityConfiguration", "kms:CreateKey"]
      Resource = "*"
    },
    {
      # Of no environment yet: its tags are what ManageKey trusts.
      Sid      = "TagNewKey"
      Effect   = "Allow"
      Action   = "kms:TagResource"
      Resource = local.keys
      Condition = {
        Null         = { "aws:ResourceTag/environment" = "true" }
        StringEquals = { "aws:RequestTag/environment" = var.context.environment, "aws:RequestTag/project" = var.context.project }
      }
    },
    {
      Sid    = "ManageKey"
      Effect = "Allow"
      Action = [
        "kms:CreateAlias", "kms:DeleteAlias", "kms:DisableKeyRotation", "kms:EnableKeyRotation", "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
      ]
      Resource  = local.keys
      Condition = local.own_key
    },
    {
      Sid      = "ManageAlias"
      Effect   = "Allow"
      Action   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
      Resource = format(local.arn, "kms", "alias/${var.context.project}-${var.context.environment}")
    },
    {
      # Functions and tables encrypt with the key in the name of who makes them.
      Sid       = "Encrypt"
      Effect    = "Allow"
      Action    = ["kms:CreateGrant", "kms:Encrypt"]
      Resource  = local.keys
      Condition = { StringEquals = merge(local.own_key.StringEquals, { "kms:ViaService" = [local.through.dynamodb, local.through.lambda] }) }
    },
    {
      # Who logs in, what they may do, and what no role gets beyond, is a person's to change: the bootstrap's.
      Sid       = "NeverItself"
      Effect    = "Deny"
      NotAction = ["iam:Get*", "iam:List*"]
      Resource  = local.own
    },
    {
      Sid      = "ReadPlan"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = local.plans
    },
    {
      Sid    = "RolesInTheBoundary"
      Effect = "Allow"
      Action = [
        "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
      ]
      Resource  = format(local.role_arn, "*")
      Condition = { StringEquals = { "iam:PermissionsBoundary" = local.bound } }
    },
    {
      Sid      = "TagRoles"
      Effect   = "Allow"
      Action   = ["iam:TagRole", "iam:UntagRole"]
      Resource = format(local.role_arn, "*")
    },
    {
      Sid       = "PassRoles"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = [for name in ["eventbridge", "glue", "lambda", "reprocess", "stepfunctions"] : format(local.role_arn, name)]
      Condition = { StringEquals = { "iam:PassedToService" = [for service in ["events", "glue", "lambda", "states"] : "${service}.amazonaws.com"] } }
    },
  ]

  policies = {
    apply = concat(local.read, local.write, [
      { Sid = "ManageByName", Effect = "Allow", Action = concat(local.actions.read, local.actions.write), Resource = local.named },
      { Sid = "WriteArtifacts", Effect = "Allow", Action = concat(local.object_actions.read, local.object_actions.write), Resource = local.artifacts },
      { Sid = "WriteState", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = local.states },
      { Sid = "ManageBuckets", Effect = "Allow", Action = concat(local.bucket_actions.read, local.bucket_actions.write), Resource = local.buckets },
    ])
    plan = concat(local.read, [
      { Sid = "ReadByName", Effect = "Allow", Action = local.actions.read, Resource = local.named },
      { Sid = "ReadBucketSettings", Effect = "Allow", Action = local.bucket_actions.read, Resource = local.buckets },
      { Sid = "ReadArtifacts", Effect = "Allow", Action = local.object_actions.read, Resource = local.artifacts },
      { Sid = "ReadState", Effect = "Allow", Action = "s3:GetObject", Resource = local.states },
      { Sid = "WritePlan", Effect = "Allow", Action = "s3:PutObject", Resource = local.plans },
    ])
  }
}
