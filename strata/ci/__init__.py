"""What the workflows decide, as code that runs and is tested anywhere."""
