"""A stand-in for the Terraform provider snowflakedb/snowflake 2.20.0.

Its schemas, behaviours and rules are the real provider's, as data (../data/provider-*). It plans changes and
builds states by the rules of the plugin SDK that the real one uses (`planning`, `settling`). It logs in to
the embedded Snowflake with snowflake-connector-python, as any client does, and sends SQL statements.
"""

VERSION = "2.20.0"
