"""What a job raises; Glue shows the message as the run's ErrorMessage: one line that stands alone."""

from __future__ import annotations


class JobError(Exception):
    """The run cannot go on. Nothing that was there before has been changed, but for a BrokenInvariant."""


class RefusedObject(JobError):
    """The raw object was refused whole.

    Args:
        reason: `empty_file`, `hidden_name`, `not_csv` or `other_columns`.
        detail: one sentence that says what was found and what was expected.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class BrokenInvariant(JobError):
    """Rows were lost or made up on the way (D13): rows of this object are written, their report is not."""
