# One root for all modules, so that one plan serves every test. The account is moto's.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

locals {
  context = { account_id = "123456789012", environment = "test", project = "strata", region = "eu-west-1" }
  role    = "arn:aws:iam::123456789012:role/strata-%s-test"
  arn     = "arn:aws:%s:eu-west-1:123456789012:%s"
  objects = "arn:aws:s3:::strata-%s-test-123456789012/%s"
}

module "s3" {
  source         = "../modules/s3"
  context        = local.context
  administrators = ["arn:aws:iam::123456789012:root", format(local.role, "plan"), format(local.role, "apply")]
  buckets = {
    logs = { receives_access_logs = true }
    raw = {
      events = true
      access = { read = { (format(local.role, "glue")) = ["*"] }, write = { (format(local.role, "producer")) = ["*"] } }
    }
    processed = {
      opt_out = { versioning = { reason = "a test of the policy" } }
      access = {
        read = {
          (format(local.role, "glue"))      = ["*"]
          (format(local.role, "lambda"))    = ["reports/*"]
          (format(local.role, "snowflake")) = ["curated/*"]
        }
        write = { (format(local.role, "glue")) = ["*"] }
      }
    }
  }
}

module "iam" {
  source  = "../modules/iam"
  context = local.context
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
      grants = {
        s3_read  = [format(local.objects, "raw", "*"), format(local.objects, "processed", "*")]
        s3_write = [format(local.objects, "processed", "*")]
      }
    }
    lambda = {
      description = "Refreshes and reconciles"
      trust       = { service = { name = "lambda" } }
      grants      = { s3_read = [format(local.objects, "processed", "reports/*")] }
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
      grants      = { glue_run = [format(local.arn, "glue", "job/strata-clean-test")] }
    }
  }
}

module "stepfunctions" {
  source        = "../modules/stepfunctions"
  context       = local.context
  await_seconds = 1
  dataset       = "flights"
  kms_key_arn   = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  role_arn      = format(local.role, "stepfunctions")
}

module "eventbridge" {
  source   = "../modules/eventbridge"
  context  = local.context
  role_arn = format(local.role, "eventbridge")
  rules = {
    raw-objects = {
      pattern       = { bucket = "raw", key_prefix = "flights/", key_suffix = ".csv" }
      state_machine = "pipeline"
    }
  }
}

module "observability" {
  source  = "../modules/observability"
  context = local.context
  jobs    = ["clean", "curate"]
}

module "github-oidc" {
  source  = "../modules/github-oidc"
  context = local.context
  github = {
    apply_environment = "test"
    owner             = "acme"
    owner_id          = 11
    repository        = "platform"
    repository_id     = 22
  }
}

module "glue" {
  source           = "../modules/glue"
  context          = local.context
  artifacts_bucket = "strata-artifacts-test-123456789012"
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  role_arn         = format(local.role, "glue")
  jobs             = { clean = { libraries = ["glue/library.zip"], script = "glue/clean.py" } }
}
