"""Try the Glue jobs without a cloud."""
