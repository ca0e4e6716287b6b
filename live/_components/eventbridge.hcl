# The rule that starts the pipeline. Bucket and state machine are known by name; only the role has to exist.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  version = local.env.versions["eventbridge"]

  datasets = read_terragrunt_config("${get_repo_root()}/live/datasets.hcl").locals.tables
  jobs     = read_terragrunt_config("${get_repo_root()}/live/jobs.hcl").locals.tables
}

terraform {
  source = local.version == "local" ? "${get_repo_root()}/modules//eventbridge" : "${local.env.modules}/eventbridge?ref=eventbridge/${local.version}"
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

inputs = {
  role_arn = dependency.iam.outputs.role_arns.eventbridge

  rules = {
    raw-objects = {
      archive_days  = local.env.retention_days.logs
      description   = "An object arrived in raw"
      # Whatever comes is processed or refused: a suffix would leave a producer of .CSV without an answer.
      pattern       = { bucket = "raw", key_prefixes = [for name in keys(local.datasets) : "${name}/"] }
      state_machine = "pipeline"
    }
    raw-deletions = {
      archive_days  = local.env.retention_days.logs
      description   = "An object or a version of it was deleted from raw"
      pattern       = { bucket = "raw", detail_types = ["Object Deleted"], key_prefixes = [for name in keys(local.datasets) : "${name}/"] }
      state_machine = "pipeline"

      # What is deleted has neither size nor, if it was a version, an ETag.
      transformer = {
        paths = {
          bucket     = "$.detail.bucket.name"
          event_id   = "$.id"
          key        = "$.detail.object.key"
          sequencer  = "$.detail.object.sequencer"
          time       = "$.time"
          type       = "$.detail-type"
          version_id = "$.detail.object.version-id"
        }
        template = <<-EOT
          {"type": <type>, "bucket": <bucket>, "key": <key>, "version_id": "<version_id>", "sequencer": <sequencer>, "event_id": <event_id>, "time": <time>}
        EOT
      }
    }
  }

  schedules = {
    for name, job in local.jobs : name => {
      description   = "The job ${name}, for every data set"
      expression    = job.schedule
      input         = jsonencode({ job = name, datasets = keys(local.datasets) })
      state_machine = "jobs"
    }
  }
}
