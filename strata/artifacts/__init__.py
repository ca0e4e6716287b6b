"""Build what Terraform uploads: Glue scripts and library, Lambda zips and their layer (decision D15).

The same input gives the same bytes, so that a content hash in an object's key changes only with the content.
It needs only the standard library: Terragrunt runs it as a hook, with the machine's own Python 3.
"""
