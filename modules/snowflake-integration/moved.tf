# The integration's locations are an input since 1.0.0, and no longer always the processed bucket's.
moved {
  from = snowflake_storage_integration_aws.processed
  to   = snowflake_storage_integration_aws.this
}
