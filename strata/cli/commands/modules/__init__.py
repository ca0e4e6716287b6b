"""Release, document and check the Terraform modules."""
