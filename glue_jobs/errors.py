"""What a job raises; Glue shows the message as the run's ErrorMessage: one line that stands alone."""

from __future__ import annotations


class JobError(Exception):
    """The run cannot go on. Nothing that was there before has been changed, but for a BrokenInvariant."""


class SupersededVersion(JobError):
    """The event's version is gone: nothing is left to do for it, and nothing was written.

    The state machine knows this error by the name of its class, and ends the execution as superseded.
    """


class RefusedObject(JobError):
    """The raw object was refused whole.

    Args:
        reason: `bad_compression`, `empty_file`, `not_csv`, `not_json`, `not_parquet`, `other_columns`,
            `other_compression`, `other_delimiter`, `other_encoding`, `other_types` or `row_count`.
        detail: one sentence that says what was found and what was expected.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class BrokenInvariant(JobError):
    """Rows were lost or made up on the way (D13): rows of this object are written, their report is not."""
