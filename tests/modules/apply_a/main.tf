# The modules of the pipeline with all that the embedded cloud knows of them (Glue there refuses bookmarks and wheels,
# which the cases plan), in one root; `changed` changes an input of each in place.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "account_id" {
  type = string
}

variable "changed" {
  type    = bool
  default = false
}

provider "aws" {
  s3_use_path_style       = true
  skip_metadata_api_check = true

  default_tags {
    tags = { environment = "test", managed_by = "terraform", project = "strata" }
  }
}

locals {
  context = { account_id = var.account_id, environment = "test", project = "strata", region = "eu-west-1" }
  arn     = "arn:aws:%s:eu-west-1:${var.account_id}:%s"
  objects = "arn:aws:s3:::strata-%s-test-${var.account_id}/%s"
  root    = "arn:aws:iam::${var.account_id}:root"
}

module "s3" {
  source         = "./modules/s3"
  context        = local.context
  administrators = [local.root]
  disposable     = true
  buckets = {
    artifacts = {}
    logs      = { receives_access_logs = true, expire_days = 90 }
    processed = {
      opt_out = { versioning = { reason = "Snowflake's external tables do not support it" } }
      access = {
        read  = { (local.root) = ["*"], "arn:aws:iam::${var.account_id}:role/strata-reader-test" = [var.changed ? "reports/*" : "curated/*"] }
        write = { (local.root) = ["*"] }
      }
    }
    raw = {
      events          = true
      lifecycle_rules = { cold = { prefix = "flights/", expire_days = 400, transitions = { DEEP_ARCHIVE = 200, GLACIER_IR = 30 } } }
    }
  }
}

# What github-oidc makes, which the operator applies.
resource "aws_iam_policy" "boundary" {
  name   = "strata-boundary-test"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}

module "iam" {
  source     = "./modules/iam"
  context    = local.context
  depends_on = [aws_iam_policy.boundary]
  roles = {
    eventbridge = {
      description = "Starts the pipeline"
      trust       = { service = { name = "events", source_arns = [format(local.arn, "events", "rule/strata-raw-objects-test")] } }
      grants      = { states_start = [format(local.arn, "states", "stateMachine:strata-pipeline-test")] }
    }
    glue = {
      description = "Runs the jobs"
      trust       = { service = { name = "glue", source_arns = [format(local.arn, "glue", "*")] } }
      features    = ["glue_runtime"]
      grants      = { s3_read = [format(local.objects, "raw", "*")], s3_write = [format(local.objects, "processed", var.changed ? "curated/*" : "*")] }
    }
    lambda = {
      description = "Runs the functions"
      trust       = { service = { name = "lambda" } }
      features    = ["tracing"]
      grants      = { sqs_send = [format(local.arn, "sqs", "strata-announce-dlq-test")] }
      statements  = { CountQueues = { actions = ["sqs:ListQueues"], resources = ["*"], reason = "ListQueues knows no resource" } }
    }
    snowflake = {
      description = "Reads curated data"
      trust       = { aws = { external_id = "strata-test-1", principal_arn = "arn:aws:iam::999988887777:user/snowflake" } }
      grants      = { s3_read = [format(local.objects, "processed", "curated/*")] }
    }
    stepfunctions = {
      description = "Runs the pipeline"
      trust       = { service = { name = "states", source_arns = [format(local.arn, "states", "stateMachine:strata-pipeline-test")] } }
      features    = ["log_delivery", "tracing"]
      grants      = { dynamodb_update = [format(local.arn, "dynamodb", "table/strata-claims-test")] }
    }
  }
}

module "glue" {
  source           = "./modules/glue"
  context          = local.context
  artifacts_bucket = module.s3.bucket_names.artifacts
  kms_key_arn      = module.s3.kms_key_arn
  role_arn         = module.iam.role_arns.glue
  jobs = {
    clean = { libraries = ["glue/library.zip"], script = "glue/clean.py", timeout_minutes = var.changed ? 45 : 30 }
    sweep = { auto_scaling = true, execution_class = "FLEX", script = "glue/clean.py" }
  }
  tables = {
    flights = {
      columns        = [{ name = "carrier", type = "string" }, { comment = "minutes", name = "arr_delay", type = "double" }]
      description    = var.changed ? "All flights" : "Flights"
      location       = "s3://strata-processed-test-${var.account_id}/curated/flights/"
      partition_keys = [{ name = "flight_date", type = "date" }]
    }
  }
}

module "lambda" {
  source           = "./modules/lambda"
  context          = local.context
  architecture     = "x86_64"
  artifacts_bucket = module.s3.bucket_names.artifacts
  environment      = { LEVEL = var.changed ? "DEBUG" : "INFO" }
  kms_key_arn      = module.s3.kms_key_arn
  layers           = { libraries = { zip = "lambda/function.zip" } }
  role_arn         = module.iam.role_arns.lambda
  functions = {
    announce = { asynchronous = { max_retries = var.changed ? 0 : 1 }, handler = "function.handler", reserved_concurrency = 2, zip = "lambda/function.zip" }
    refresh  = { handler = "function.handler", layers = ["libraries"], memory_mb = var.changed ? 1024 : 512, zip = "lambda/function.zip" }
  }
}

module "pipeline" {
  source         = "./modules/pipeline"
  context        = local.context
  await_seconds  = var.changed ? 30 : 15
  failure_states = { JobFailed = { errors = ["States.TaskFailed"] } }
  kms_key_arn    = module.s3.kms_key_arn
  role_arn       = module.iam.role_arns.stepfunctions
}

module "eventbridge" {
  source   = "./modules/eventbridge"
  context  = local.context
  role_arn = module.iam.role_arns.eventbridge
  rules = {
    raw-objects = {
      archive_days  = var.changed ? 60 : 30
      enabled       = !var.changed
      pattern       = { bucket = "raw", key_prefixes = ["flights/"], key_suffix = ".csv" }
      retry         = { max_attempts = var.changed ? 10 : 185 }
      state_machine = "pipeline"
    }
  }
}
