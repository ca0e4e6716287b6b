locals {
  state   = format(local.bucket_arn, "tfstate")
  lock    = format(local.arn, "dynamodb", "table/${format(local.name, "tflock")}")
  buckets = "arn:${var.context.partition}:s3:::${format(local.bucket, "*")}"
  key     = format(local.arn, "kms", "key/*")

  # Settings, never data: no object of raw or processed, no secret, no log line, no row.
  read = [
    {
      Sid    = "ReadSettings"
      Effect = "Allow"
      Action = [
        "cloudwatch:Describe*", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource",
        "dynamodb:Describe*", "dynamodb:ListTagsOfResource",
        "events:Describe*", "events:List*",
        "glue:GetDatabase", "glue:GetDatabases", "glue:GetJob", "glue:GetSecurityConfiguration", "glue:GetTags",
        "iam:GetOpenIDConnectProvider", "iam:GetRole", "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies",
        "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListAliases", "kms:ListResourceTags",
        "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetLayerVersion",
        "lambda:ListVersionsByFunction",
        "logs:DescribeLogGroups", "logs:ListTagsForResource",
        "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListTagsForResource",
        "sqs:GetQueueAttributes", "sqs:ListQueueTags",
        "states:DescribeStateMachine", "states:ListStateMachineVersions", "states:ListTagsForResource",
        "states:ValidateStateMachineDefinition",
      ]
      Resource = "*"
    },
    {
      Sid    = "ReadBucketSettings"
      Effect = "Allow"
      Action = [
        "s3:GetAccelerateConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
      ]
      Resource = local.buckets
    },
    {
      Sid      = "ReadArtifacts"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:GetObjectTagging"]
      Resource = "${format(local.bucket_arn, "artifacts")}/*"
    },
    {
      Sid      = "ReadState"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${local.state}/live/${var.context.environment}/*"
    },
    {
      Sid       = "UseKeyThroughS3"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = local.key
      Condition = { StringEquals = { "kms:ViaService" = "s3.${var.context.region}.amazonaws.com" } }
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

  # Everything of this project and environment, by name, and nothing else; objects of raw and processed stay out of reach.
  write = [
    {
      Sid    = "ManageByName"
      Effect = "Allow"
      Action = [
        "cloudwatch:*", "dynamodb:*", "events:*", "glue:*", "lambda:*", "logs:*", "sns:*", "sqs:*", "states:*",
      ]
      Resource = concat(
        [
          for pattern in [
            "cloudwatch:alarm:%s", "dynamodb:table/%s", "events:rule/%s", "glue:job/%s", "lambda:function:%s",
            "lambda:layer:%s", "lambda:layer:%s:*", "logs:log-group:/aws-glue/jobs/%s", "logs:log-group:/aws/lambda/%s",
            "logs:log-group:/aws/vendedlogs/states/%s", "sns:%s", "sqs:%s", "states:stateMachine:%s",
          ] : format(local.arn, split(":", pattern)[0], format(replace(pattern, "/^[a-z]+:/", ""), format(local.name, "*")))
        ],
        [
          "arn:${var.context.partition}:cloudwatch::${var.context.account_id}:dashboard/${format(local.name, "*")}",
          format(local.arn, "glue", "catalog"),
          format(local.arn, "glue", "database/${var.context.project}_${var.context.environment}"),
        ],
      )
    },
    {
      Sid      = "SettingsWithoutResources"
      Effect   = "Allow"
      Action   = ["glue:CreateSecurityConfiguration", "glue:DeleteSecurityConfiguration", "kms:CreateKey"]
      Resource = "*"
    },
    {
      Sid    = "LogDelivery"
      Effect = "Allow"
      Action = [
        "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
        "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
      ]
      Resource = "*"
    },
    {
      Sid       = "ManageKey"
      Effect    = "Allow"
      Action    = ["kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"]
      Resource  = local.key
      Condition = { StringEquals = { "aws:ResourceTag/project" = var.context.project, "aws:ResourceTag/environment" = var.context.environment } }
    },
    {
      Sid      = "ManageAlias"
      Effect   = "Allow"
      Action   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
      Resource = [format(local.arn, "kms", "alias/${var.context.project}-${var.context.environment}"), local.key]
    },
    {
      Sid    = "ManageBuckets"
      Effect = "Allow"
      Action = [
        "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucket*", "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
      ]
      Resource = local.buckets
    },
    {
      Sid      = "WriteArtifacts"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
      Resource = "${format(local.bucket_arn, "artifacts")}/*"
    },
    {
      Sid      = "WriteState"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = "${local.state}/live/${var.context.environment}/*"
    },
    {
      Sid    = "ManageRoles"
      Effect = "Allow"
      Action = [
        "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
      ]
      Resource = format(local.role_arn, "*")
    },
    {
      Sid      = "ManageLogin"
      Effect   = "Allow"
      Action   = ["iam:AddClientIDToOpenIDConnectProvider", "iam:CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider", "iam:UpdateOpenIDConnectProviderThumbprint"]
      Resource = "arn:${var.context.partition}:iam::${var.context.account_id}:oidc-provider/${local.issuer}"
    },
    {
      Sid       = "PassRolesToTheirServices"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = [for name in ["eventbridge", "glue", "lambda", "stepfunctions"] : format(local.role_arn, name)]
      Condition = { StringEquals = { "iam:PassedToService" = [for service in ["events", "glue", "lambda", "states"] : "${service}.amazonaws.com"] } }
    },
    {
      Sid      = "NeverItself"
      Effect   = "Deny"
      Action   = ["iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"]
      Resource = format(local.role_arn, "apply")
    },
  ]

  policies = {
    apply = concat(local.read, local.write)
    plan  = local.read
  }
}
