"""The main job: apply the platform, drop real files, let it work, ask Snowflake, and check every count."""
