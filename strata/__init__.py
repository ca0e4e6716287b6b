"""Strata: a data platform's live infrastructure, tested and run on a laptop.

Importing this package needs the standard library only, so that set-up can run before anything is installed.
"""

__version__ = "0.1.0"
