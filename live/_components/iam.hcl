# The roles of the pipeline's services. It waits for the integration, to trust the user that Snowflake names, and for
# the boundary.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["iam"]

  jobs    = read_terragrunt_config("${get_repo_root()}/live/jobs.hcl").locals

  # Everything that the roles may touch is known by name; the integrations' catalogue is the module's.
  arn    = "arn:${local.env.partition}:%s:${local.env.region}:${local.env.account_id}:%s"
  name   = "${local.env.project}-%s-${local.env.env}"
  bucket = "arn:${local.env.partition}:s3:::${local.name}-${local.env.account_id}/%s"
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//iam" : "${local.env.modules}/iam?ref=iam/${local.version}"
}

dependency "snowflake-integration" {
  config_path = "../snowflake-integration"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "show", "graph", "providers", "render"]
  mock_outputs = {
    external_id = "mock-000000000000"
    user_arn    = "arn:aws:iam::000000000000:user/mock"
  }
}

# The boundary's name is known; but it has to exist.
dependencies {
  paths = ["../github-oidc"]
}

inputs = {
  roles = {
    eventbridge = {
      description = "Starts the pipeline when an object arrives or is deleted, and jobs by the clock"
      trust       = { service = { name = "events", source_arns = [for rule in concat(keys(local.jobs.tables), ["raw-deletions", "raw-objects"]) : format(local.arn, "events", "rule/${format(local.name, rule)}")] } }
      grants      = { states_start = [for machine in ["jobs", "pipeline"] : format(local.arn, "states", "stateMachine:${format(local.name, machine)}")] }
    }
    glue = {
      description = "Runs the Glue jobs: reads versions of raw objects, writes processed"
      trust       = { service = { name = "glue", source_arns = [format(local.arn, "glue", "*")] } }
      features    = ["glue_runtime"]
      grants = {
        logs_write       = [format(local.arn, "logs", "log-group:/aws-glue/jobs/${format(local.name, "pipeline")}/*")]
        s3_read          = [format(local.bucket, "artifacts", "glue/*"), format(local.bucket, "processed", "*"), format(local.bucket, "raw", "reference/*")]
        s3_read_versions = [format(local.bucket, "raw", "*")]
        s3_write         = [format(local.bucket, "processed", "*")]
      }
      statements = {
        # Which uploads killed runs have left.
        ListUploads = {
          actions   = ["s3:ListBucketMultipartUploads"]
          resources = [dirname(format(local.bucket, "processed", "*"))]
        }
        PublishMetrics = {
          actions    = ["cloudwatch:PutMetricData"]
          conditions = { StringEquals = { "cloudwatch:namespace" = ["${local.env.project}/${local.env.env}"] } }
          reason     = "PutMetricData knows no resource, only a namespace"
          resources  = ["*"]
        }
      }
    }
    lambda = {
      description = "Refreshes the external table and reconciles; Snowflake knows it as the loader"
      trust       = { service = { name = "lambda" } }
      features    = ["tracing"]
      grants = {
        logs_write = [for f in ["reconcile", "refresh"] : format(local.arn, "logs", "log-group:/aws/lambda/${format(local.name, f)}:*")]
        s3_read    = [format(local.bucket, "processed", "reports/*")]
      }
    }
    # A distributed Map starts executions of its own machine, one for each object.
    reprocess = {
      description = "Starts the pipeline for objects that are processed again"
      trust       = { service = { name = "states", source_arns = [format(local.arn, "states", "stateMachine:${format(local.name, "reprocess")}")] } }
      features    = ["log_delivery", "tracing"]
      grants = {
        dynamodb_scan   = [format(local.arn, "dynamodb", "table/${format(local.name, "claims")}")]
        states_describe = [for machine in ["pipeline", "reprocess"] : format(local.arn, "states", "execution:${format(local.name, machine)}*")]
        states_start    = [for machine in ["pipeline", "reprocess"] : format(local.arn, "states", "stateMachine:${format(local.name, machine)}")]
        states_stop     = [for machine in ["pipeline", "reprocess"] : format(local.arn, "states", "execution:${format(local.name, machine)}*")]
      }
      statements = {
        FollowExecutions = {
          actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
          resources = [format(local.arn, "events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")]
        }
      }
    }
    snowflake = {
      description = "Lets the Snowflake storage integration read curated data"
      # What Snowflake's documentation asks for, versions too.
      grants = { for name in ["s3_read", "s3_read_versions"] : name => [format(local.bucket, "processed", "curated/*")] }
      trust = { aws = {
        external_id   = dependency.snowflake-integration.outputs.external_id
        principal_arn = dependency.snowflake-integration.outputs.user_arn
      } }
    }
    stepfunctions = {
      description = "Runs the pipeline's state machine, and the one for jobs of whole tables"
      trust       = { service = { name = "states", source_arns = [for machine in ["jobs", "pipeline"] : format(local.arn, "states", "stateMachine:${format(local.name, machine)}")] } }
      features    = ["log_delivery", "tracing"]
      grants = {
        dynamodb_update = [format(local.arn, "dynamodb", "table/${format(local.name, "claims")}")]
        glue_run        = [for job in local.jobs.all : format(local.arn, "glue", "job/${format(local.name, job)}")]
        lambda_invoke   = [for f in ["reconcile", "refresh"] : format(local.arn, "lambda", "function:${format(local.name, f)}")]
        sns_publish     = [format(local.arn, "sns", format(local.name, "failures"))]
        states_describe = [format(local.arn, "states", "execution:${format(local.name, "pipeline")}:*")]
      }
      statements = {
        # After a deletion: which version is the current one.
        ListVersions = {
          actions   = ["s3:ListBucketVersions"]
          resources = [dirname(format(local.bucket, "raw", "*"))]
        }
        ListReferences = {
          actions    = ["s3:ListBucket"]
          conditions = { StringEquals = { "s3:prefix" = ["reference/"] } }
          resources  = [dirname(format(local.bucket, "raw", "*"))]
        }
        ReadGenerations = {
          actions   = ["glue:GetJob"]
          resources = [format(local.arn, "glue", "job/${format(local.name, "clean")}")]
        }
      }
    }
  }
}
