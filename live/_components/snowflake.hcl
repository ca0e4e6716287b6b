# Database, external table, roles and the functions' user. The external table lists the bucket when it is made: role
# and bucket come before.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["snowflake"]

  # The data sets' columns, which the jobs obey as well.
  datasets = read_terragrunt_config("${get_repo_root()}/live/datasets.hcl").locals.tables
  types    = { bigint = "NUMBER(38,0)", boolean = "BOOLEAN", date = "DATE", double = "FLOAT", int = "NUMBER(38,0)", string = "VARCHAR", timestamp = "TIMESTAMP_NTZ" }
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//snowflake" : "${local.env.modules}/snowflake?ref=snowflake/${local.version}"
}

generate "snowflake_provider" {
  path      = "snowflake_provider.tf"
  if_exists = "overwrite_terragrunt"
  # How to log in comes from SNOWFLAKE_* variables; production: SNOWFLAKE_AUTHENTICATOR=WORKLOAD_IDENTITY.
  # Exactly what the module needs: the external table is a preview, a user's workload identity an experiment.
  contents = <<-EOF
    provider "snowflake" {
      organization_name             = "${local.env.snowflake.organization}"
      account_name                  = "${local.env.snowflake.account}"
      experimental_features_enabled = ["USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY"]
      preview_features_enabled      = ["snowflake_external_table_resource"]
    }
  EOF
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

dependency "snowflake-integration" {
  config_path = "../snowflake-integration"

  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "show", "graph", "providers", "render"]
  mock_outputs = {
    name = "MOCK_000000000000"
  }
}

# No output of s3 is needed, the bucket's name is known; but it has to exist.
dependencies {
  paths = ["../s3"]
}

inputs = {
  integration_name = dependency.snowflake-integration.outputs.name

  databases         = { LAKE = {} }
  resource_monitors = { MAIN = { credit_quota = local.env.warehouse.credits_per_month } }
  schemas           = { "LAKE.CURATED" = {} }
  stages            = { "LAKE.CURATED.PROCESSED" = { bucket = "processed", prefix = "curated/" } }

  warehouses = {
    MAIN = {
      auto_suspend_seconds = local.env.warehouse.auto_suspend_seconds
      resource_monitor     = "MAIN"
      size                 = local.env.warehouse.size
    }
  }

  external_tables = {
    for name, dataset in local.datasets : "LAKE.CURATED.${upper(name)}" => {
      path  = "${name}/"
      stage = "LAKE.CURATED.PROCESSED"

      columns = concat(
        [for c in dataset.columns : { name = upper(c.name), type = try(local.types[c.type], replace(c.type, "decimal", "NUMBER")) }],
        [
          { name = upper(dataset.partition), type = "DATE", partition = dataset.partition },
          { name = "OBJECT", type = "VARCHAR", partition = "object" },
        ],
      )
      current = {
        key      = [for name in dataset.key : upper(name)]
        order_by = ["SEQUENCER", "OBJECT_ID", "SOURCE_LINE"]
      }
    }
  }

  # The loader owns and refreshes the table, the reader reads it.
  roles = {
    LOADER = {
      schemas    = { "LAKE.CURATED" = { owns = ["EXTERNAL TABLES", "VIEWS"] } }
      stages     = ["LAKE.CURATED.PROCESSED"]
      warehouses = ["MAIN"]
    }
    READER = {
      schemas    = { "LAKE.CURATED" = { reads = ["EXTERNAL TABLES", "VIEWS"] } }
      warehouses = ["MAIN"]
    }
  }

  # The Lambda functions.
  service_users = {
    LOADER = { aws_role_arn = dependency.iam.outputs.role_arns.lambda, role = "LOADER", warehouse = "MAIN" }
  }
}
