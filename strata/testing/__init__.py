"""The test library: Terraform modules tested by cases planned together, and fixtures for other tests."""
