locals {
  env        = basename(get_terragrunt_dir())
  project    = "shop"
  account_id = "222222222222"
  region     = "eu-west-1"
  partition  = "aws"
  protected  = false

  modules = "git::https://github.com/example-org/shop.git//modules"
  versions = {
    reader = "v1.1.0"
    store  = "v1.1.0"
  }

  github = {
    owner         = "example-org"
    owner_id      = 1
    repository    = "shop"
    repository_id = 2
  }
  snowflake = {
    organization = "SHOP"
    account      = "MAIN"
  }
  datasets = "all"
  state = {
    lock_table = true
  }

  producers      = ["arn:aws:iam::222222222222:root"]
  inspectors     = []
  administrators = ["arn:aws:iam::222222222222:root"]
  disposable     = true
  subscribers    = []

  glue = {
    max_concurrent_runs = 1
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
