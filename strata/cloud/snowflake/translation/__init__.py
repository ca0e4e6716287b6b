"""Translation of Snowflake SQL into SQL of the engine with the same result, by its expressions' types."""
