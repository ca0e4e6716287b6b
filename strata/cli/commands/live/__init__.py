"""Read and check the live tree without Terragrunt or a cloud."""
