"""A stand-in for the Terraform provider snowflakedb/snowflake 2.20.0.

Its schemas and behaviours are the real provider's, as data (../data/provider-*.json); its actions are SQL
statements that it sends to the embedded Snowflake through snowflake-connector-python, logged in like any
client.
"""
