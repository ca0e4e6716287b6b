"""How a session of a client logs in, by the environment."""

import os


def login(database, schema):
    """Return the options of a connection."""
    organization, name = os.environ["SNOWFLAKE_ORGANIZATION_NAME"], os.environ["SNOWFLAKE_ACCOUNT_NAME"]
    return {
        "account": f"{organization}-{name}",
        "user": os.environ["SNOWFLAKE_USER"],
        "password": os.environ["SNOWFLAKE_PASSWORD"],
        "host": os.environ["SNOWFLAKE_HOST"],
        "port": int(os.environ["SNOWFLAKE_PORT"]),
        "protocol": "http",
        "database": database,
        "schema": schema,
        "warehouse": "COMPUTE_WH",
    }
