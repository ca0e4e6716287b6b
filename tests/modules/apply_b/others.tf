# The modules that the pipeline does not run through, applied together; a few objects stand in for the others.

terraform {
  required_providers {
    aws       = { source = "hashicorp/aws" }
    snowflake = { source = "snowflakedb/snowflake" }
  }
}

provider "aws" {
  s3_use_path_style       = true
  skip_metadata_api_check = true
}

provider "snowflake" {
  experimental_features_enabled = ["USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY"]
  preview_features_enabled      = ["snowflake_external_table_resource"]
}

variable "changed" {
  type    = bool
  default = false
}

variable "account_id" {
  type = string
}

locals {
  context = { account_id = var.account_id, environment = "test", project = "modb", region = "eu-west-1" }
}

module "github-oidc" {
  source  = "./modules/github-oidc"
  context = local.context
  github = {
    apply_environment = "test"
    owner             = "acme"
    owner_id          = 11
    repository        = "platform"
    repository_id     = 22
  }
  session_seconds = var.changed ? 7200 : 3600
}

module "observability" {
  source             = "./modules/observability"
  context            = local.context
  dead_letter_queues = ["raw-objects-dlq"]
  jobs               = ["clean", "curate"]
  state_machines     = { pipeline = { freshness_hours = var.changed ? 12 : 24 } }
  subscribers        = ["data@example.com"]
}

module "snowflake-integration" {
  source      = "./modules/snowflake-integration"
  context     = local.context
  allowed     = { processed = ["curated/"] }
  blocked     = var.changed ? { processed = ["curated/staff/"] } : {}
  external_id = "modb-test-${var.account_id}"
}

resource "aws_s3_bucket" "processed" {
  bucket = "modb-processed-test-${var.account_id}"
}

resource "aws_iam_role" "snowflake" {
  name = "modb-snowflake-test"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = module.snowflake-integration.user_arn }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = module.snowflake-integration.external_id } }
    }]
  })
}

resource "aws_iam_role_policy" "snowflake" {
  name = "read"
  role = aws_iam_role.snowflake.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:ListBucket"]
      Resource = [aws_s3_bucket.processed.arn, "${aws_s3_bucket.processed.arn}/*"]
    }]
  })
}

module "snowflake" {
  source           = "./modules/snowflake"
  context          = local.context
  integration_name = module.snowflake-integration.name

  databases         = { LAKE = {} }
  schemas           = { "LAKE.CURATED" = {} }
  resource_monitors = { MAIN = { credit_quota = 20 } }
  warehouses        = { MAIN = { auto_suspend_seconds = var.changed ? 120 : 60, resource_monitor = "MAIN" } }
  stages            = { "LAKE.CURATED.PROCESSED" = { bucket = "processed", prefix = "curated/" } }

  external_tables = {
    "LAKE.CURATED.FLIGHTS" = {
      stage   = "LAKE.CURATED.PROCESSED"
      path    = "flights/"
      columns = [{ name = "CARRIER", type = "VARCHAR" }, { name = "DAY", type = "DATE", partition = "day" }]
      current = { key = ["CARRIER"], order_by = ["DAY"] }
    }
  }
  roles = {
    ANALYST = { parents = ["LEAD"] }
    LEAD    = { schemas = { "LAKE.CURATED" = { reads = ["EXTERNAL TABLES", "VIEWS"] } }, warehouses = ["MAIN"] }
    LOADER  = { schemas = { "LAKE.CURATED" = { owns = ["EXTERNAL TABLES", "VIEWS"] } }, stages = ["LAKE.CURATED.PROCESSED"] }
  }
  service_users = {
    LOADER  = { aws_role_arn = "arn:aws:iam::${var.account_id}:role/modb-lambda-test", role = "LOADER", warehouse = "MAIN" }
    PLANNER = { oidc = { subject = "repo:acme@11/platform@22:pull_request" }, role = "ANALYST" }
  }

  depends_on = [aws_iam_role_policy.snowflake]
}
