"""Check, draft and compare data contracts."""
