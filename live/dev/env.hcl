# The only file that knows this environment. A new environment is a copy of the folder with this file changed.

locals {
  env        = basename(get_terragrunt_dir())
  project    = "strata"
  account_id = "111122223333"
  region     = "eu-west-1"
  partition  = "aws"

  # A protected environment runs released modules only, and keeps its buckets.
  protected = false

  # Where released modules come from, and which release of each runs here; "local" is the working tree.
  modules = "git::https://github.com/example-org/strata.git//modules"
  versions = {
    eventbridge           = "local"
    github-oidc           = "local"
    glue                  = "local"
    iam                   = "local"
    lambda                = "local"
    observability         = "local"
    pipeline              = "local"
    s3                    = "local"
    snowflake             = "local"
    snowflake-integration = "local"
    state-backend         = "local"
  }

  # Who deploys: gh api repos/OWNER/REPO --jq '.owner.id, .id'
  github = {
    owner         = "example-org"
    owner_id      = 1000001
    repository    = "strata"
    repository_id = 2000002
  }

  snowflake = {
    organization = "STRATA"
    account      = "DEV"
  }

  # Which data sets it has: "all" contracts of glue_jobs/contracts, or a list of names.
  datasets = "all"

  state = {
    lock_table = true
  }

  # ARNs, wildcards allowed. Producers put objects into raw. Inspectors read what the pipeline made, its quarantine
  # included: people who develop it; in production none, or the role of those on call. Administrators manage buckets
  # beside the apply role and read no data.
  producers  = ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/strata-producer-dev"]
  inspectors = ["arn:aws:iam::111122223333:root"]
  administrators = [
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*",
  ]

  # Whether a destroy may delete buckets with what is in them.
  disposable  = true
  subscribers = []

  glue = {
    max_concurrent_runs = 5
    number_of_workers   = 2
    timeout_minutes     = 30
    worker_type         = "G.1X"
  }

  lambda = {
    architecture = "x86_64"
  }

  pipeline = {
    await_seconds = 5
    log_level     = "ALL"
  }

  retention_days = {
    access_logs = 90
    logs        = 30
    noncurrent  = 7
  }

  warehouse = {
    auto_suspend_seconds = 60
    credits_per_month    = 20
    size                 = "XSMALL"
  }
}
