"""Lambda: functions, each run from its uploaded zip and layers."""
