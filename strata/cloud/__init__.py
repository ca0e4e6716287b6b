"""The embedded cloud: AWS (moto, extended) and Snowflake (fakesnow, extended) on loopback ports."""

# How many Spark processes are kept warm for Glue: one for each of two files that come at once.
WARM_PROCESSES = 2
