"""The plan JSON of Terraform (`terraform show -json`): one reader for all who ask what is planned."""
