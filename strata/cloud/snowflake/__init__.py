"""The embedded Snowflake, and the stand-in for its Terraform provider."""
