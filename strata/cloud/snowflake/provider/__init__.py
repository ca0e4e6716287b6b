"""A stand-in for the Terraform provider snowflakedb/snowflake 2.20.0.

Its schemas, behaviours and rules are the real provider's, as data (../data/provider-*); it plans and keeps
states by the rules of the plugin SDK that the real one is built on (`planning`, `settling`). Its actions are
SQL statements that it sends to the embedded Snowflake through snowflake-connector-python, logged in like any
client.
"""

VERSION = "2.20.0"
