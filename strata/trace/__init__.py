"""One object from PutObject to visible rows, read from a running platform."""
