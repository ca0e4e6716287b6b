# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "registry.terraform.io/snowflakedb/snowflake" {
  version     = "2.20.0"
  constraints = "~> 2.20"
}
