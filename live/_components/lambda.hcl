# The functions that refresh the external table and reconcile. They log in to Snowflake as their role.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["lambda"]
  loader  = upper("${local.env.project}_LOADER_${local.env.env}")
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//lambda" : "${local.env.modules}/lambda?ref=lambda/${local.version}"

  # Built in Terraform's working directory, from the working tree: the same input gives the same bytes. Isolated, so
  # that no file of the change stands in for a module of Python.
  before_hook "artifacts" {
    commands = ["plan", "apply", "destroy", "import", "refresh"]
    execute  = ["python3", "-I", "${get_repo_root()}/strata/artifacts/__main__.py", "build", "lambda", "--root", get_repo_root(), "--architecture", local.env.lambda.architecture]
  }
}

dependency "iam" {
  config_path = "../iam"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "show", "graph", "providers", "render"]
  mock_outputs = {
    role_arns = {
      eventbridge   = "arn:aws:iam::000000000000:role/mock-eventbridge"
      glue          = "arn:aws:iam::000000000000:role/mock-glue"
      lambda        = "arn:aws:iam::000000000000:role/mock-lambda"
      stepfunctions = "arn:aws:iam::000000000000:role/mock-stepfunctions"
    }
  }
}

dependency "s3" {
  config_path = "../s3"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "show", "graph", "providers", "render"]
  mock_outputs = {
    bucket_names = { artifacts = "mock-artifacts-000000000000", processed = "mock-processed-000000000000" }
    kms_key_arn  = "arn:aws:kms:eu-west-1:000000000000:key/00000000-0000-0000-0000-000000000000"
  }
}

inputs = {
  architecture       = local.env.lambda.architecture
  artifacts_bucket   = dependency.s3.outputs.bucket_names.artifacts
  kms_key_arn        = dependency.s3.outputs.kms_key_arn
  log_retention_days = local.env.retention_days.logs
  role_arn           = dependency.iam.outputs.role_arns.lambda

  environment = {
    PROCESSED_BUCKET    = dependency.s3.outputs.bucket_names.processed
    SNOWFLAKE_ACCOUNT   = "${local.env.snowflake.organization}-${local.env.snowflake.account}"
    SNOWFLAKE_DATABASE  = upper("${local.env.project}_LAKE_${local.env.env}")
    SNOWFLAKE_ROLE      = local.loader
    SNOWFLAKE_SCHEMA    = "CURATED"
    SNOWFLAKE_USER      = local.loader
    SNOWFLAKE_WAREHOUSE = upper("${local.env.project}_MAIN_${local.env.env}")
  }

  functions = {
    reconcile = {
      description = "Compares what was read, curated and is visible"
      handler     = "reconcile.handler"
      layers      = ["libraries"]
      zip         = "lambda/snowflake_external_table.zip"
    }
    refresh = {
      description = "Tells the external table of the partitions that were written"
      handler     = "refresh.handler"
      layers      = ["libraries"]
      zip         = "lambda/snowflake_external_table.zip"
    }
  }

  layers = {
    libraries = {
      description = "Libraries that the functions of ${local.env.project} ${local.env.env} share"
      zip         = "lambda/layer.zip"
    }
  }
}
