"""The resources: each turns a planned change into SQL statements and reads the object back."""
