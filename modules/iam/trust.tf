# Who may assume the roles. A service is trusted only on behalf of this account's own resources (confused deputy).

locals {
  trust = {
    eventbridge = {
      description = "Starts the pipeline when an object arrives"
      statement = {
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          ArnLike      = { "aws:SourceArn" = format(local.arn, "events", "rule/${format(local.name, "raw-objects")}") }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      }
    }
    glue = {
      description = "Runs the Glue jobs: reads raw, writes processed"
      statement = {
        Effect    = "Allow"
        Principal = { Service = "glue.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          ArnLike      = { "aws:SourceArn" = format(local.arn, "glue", "*") }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      }
    }
    lambda = {
      description = "Refreshes the external table and reconciles; Snowflake knows it as the loader"
      statement = {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
        # Lambda sends no source ARN when it checks a role at creation; the account is what it always sends.
        Condition = { StringEquals = { "aws:SourceAccount" = var.context.account_id } }
      }
    }
    snowflake = {
      description = "Lets the Snowflake storage integration read curated data"
      statement = {
        Effect    = "Allow"
        Principal = { AWS = var.snowflake_trust.user_arn }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "sts:ExternalId" = var.snowflake_trust.external_id } }
      }
    }
    stepfunctions = {
      description = "Runs the pipeline's state machine"
      statement = {
        Effect    = "Allow"
        Principal = { Service = "states.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          ArnLike      = { "aws:SourceArn" = format(local.arn, "states", "stateMachine:${format(local.name, "pipeline")}") }
          StringEquals = { "aws:SourceAccount" = var.context.account_id }
        }
      }
    }
  }
}
