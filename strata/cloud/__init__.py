"""The embedded cloud: AWS (moto, extended) and Snowflake (fakesnow, extended) on loopback ports."""
