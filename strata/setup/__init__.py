"""Set-up: virtual environment, pinned packages, S3A jars and the Lambda layer, all inside the checkout.

`python3 -m strata.setup` runs before anything is installed: except for `downloads`, it needs only the
standard library.
"""
