"""Evaluating a unit: Terragrunt's functions here, every expression by Terraform."""
