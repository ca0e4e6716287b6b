"""Set-up: virtual environment, pinned packages, Spark's S3A jars and the Lambda layer, all inside the checkout.

`python3 -m strata.setup` runs before anything is installed, so this package imports the standard library only.
"""
