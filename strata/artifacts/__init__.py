"""Builds what Terraform uploads: Glue scripts and library, Lambda zips and their layer (decision D15).

The same input gives the same bytes, so that a content hash in an object's key changes only with the content.
The standard library only: Terragrunt runs this as a hook, with whatever Python 3 the machine has.
"""
