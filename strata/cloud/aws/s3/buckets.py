"""The buckets of the embedded S3."""

from __future__ import annotations

from moto.s3.models import FakeBucket, s3_backends


def bucket_named(name: str) -> FakeBucket | None:
    """Return the bucket of a name, of whichever account; None if there is none."""
    place = s3_backends.bucket_accounts.get(name)
    return s3_backends[place[1]][place[0]].buckets.get(name) if place else None
