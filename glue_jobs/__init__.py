"""The platform's Glue jobs: plain Spark 3.5 and Python 3.11, as on Glue 5.1.

A job is a pure `transform` (`clean`, `curate`) that turns data frames into data frames; `main` is the one
thin shell around both: arguments, session, read, transform, write, report. Glue gets a script of `scripts/`
as ScriptLocation and this package as a zip in `--extra-py-files`; `awsglue` is not needed.
"""
