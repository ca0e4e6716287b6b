"""List, create and compare environments."""
