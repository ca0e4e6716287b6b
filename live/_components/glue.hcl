# The Glue jobs. AWS looks at role and key when a job is made, so both units come before.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["glue"]

  contracts = read_terragrunt_config("${get_repo_root()}/live/datasets.hcl").locals
  datasets  = local.contracts.tables
  scheduled = read_terragrunt_config("${get_repo_root()}/live/jobs.hcl").locals.tables
  libraries = ["glue/glue_jobs.zip", "glue/libraries.zip"]
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//glue" : "${local.env.modules}/glue?ref=glue/${local.version}"

  # Built in Terraform's working directory, from the working tree: the same input gives the same bytes. Isolated, so
  # that no file of the change stands in for a module of Python.
  before_hook "artifacts" {
    commands = ["plan", "apply", "destroy", "import", "refresh"]
    execute  = ["python3", "-I", "${get_repo_root()}/strata/artifacts/__main__.py", "build", "glue", "--root", get_repo_root()]
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
  artifacts_bucket   = dependency.s3.outputs.bucket_names.artifacts
  kms_key_arn        = dependency.s3.outputs.kms_key_arn
  log_retention_days = local.env.retention_days.logs
  role_arn           = dependency.iam.outputs.role_arns.glue

  jobs = merge({
    # The state machine reads the generations from the job that it starts.
    clean = merge(local.env.glue, {
      arguments = { "--generations" = jsonencode(local.contracts.generations) }
      libraries = local.libraries
      script    = "glue/clean.py"
    })
    curate = merge(local.env.glue, { libraries = local.libraries, script = "glue/curate.py" })
    remove = merge(local.env.glue, { libraries = local.libraries, script = "glue/remove.py" })
    }, {
    for name in keys(local.scheduled) : name => merge(local.env.glue, { libraries = local.libraries, script = "glue/${replace(name, "-", "_")}.py" })
  })

  tables = merge({
    for name, dataset in local.datasets : name => {
      columns        = dataset.columns
      location       = "s3://${dependency.s3.outputs.bucket_names.processed}/curated/${name}/"
      partition_keys = [{ name = dataset.partition, type = "date" }, { name = "object", type = "string" }]
    }
    }, {
    for job in values(local.scheduled) : job.table.name => {
      columns        = job.table.columns
      location       = "s3://${dependency.s3.outputs.bucket_names.processed}/${job.table.name}/"
      partition_keys = [{ name = "dataset", type = "string" }]
    }
  })
}
