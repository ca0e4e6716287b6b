"""Set-up: Python, Java and Terraform where they are missing, pinned packages, S3A jars, the Lambda layer.

All of it is inside the checkout. `python3 -m strata.setup` runs before anything is installed: except for
`downloads`, it needs only the standard library. `__main__` can be read by every Python 3.
"""
