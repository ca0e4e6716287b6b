"""A job's arguments, as Glue passes them: `--name value`, between arguments of Glue's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields

from glue_jobs.errors import JobError

# What stands for the ETag of an object that was deleted.
DELETED = "deleted"


@dataclass(frozen=True)
class JobArguments:
    """Which version of which raw object a run is for, and where its output goes.

    Attributes:
        raw_bucket: the bucket the object was put into; it holds the reference files too.
        key: the object's key.
        etag: the object's ETag, of the event that started the run.
        version_id: the version of the object, of that event; `null` is S3's name for what was put without
            versions.
        sequencer: S3's order of events of one key, hexadecimal.
        object_id: SHA-256 of `<bucket>/<key>` as hexadecimal digits; part of every output path.
        processed_bucket: the bucket for everything the jobs write.
        dataset: name of the data contract.
        generation: of contract, code and references, as the claim has it; empty if not given.
        metrics_namespace: of CloudWatch, where the run's metrics go; empty: nowhere.
    """

    raw_bucket: str
    key: str
    etag: str
    version_id: str
    sequencer: str
    object_id: str
    processed_bucket: str
    dataset: str
    generation: str = ""
    metrics_namespace: str = ""

    @property
    def source(self) -> str:
        """URI of the raw object, for messages: whoever reads it gets the newest version, not the run's."""
        return f"s3://{self.raw_bucket}/{self.key}"


@dataclass(frozen=True)
class TableArguments:
    """Which curated table a run is for.

    Attributes:
        processed_bucket: the bucket for everything the jobs write.
        dataset: name of the data contract.
    """

    processed_bucket: str
    dataset: str


def parse(argv: Sequence[str]) -> JobArguments:
    """Reads the arguments of a job for one object.

    Args:
        argv: the arguments without the script's name: `--name value` or `--name=value`; the last one wins.

    Raises:
        JobError: an argument is missing or empty, or `object_id`, `sequencer` or `dataset` could not be part
            of a path.
    """
    given = _given(argv, JobArguments)
    if not re.fullmatch(r"[0-9a-f]{64}", given["object_id"]):
        raise JobError(f"--object_id is not a SHA-256 in hexadecimal: {given['object_id']!r}")
    if not re.fullmatch(r"[0-9A-Fa-f]+", given["sequencer"]):
        raise JobError(f"--sequencer is not hexadecimal: {given['sequencer']!r}")
    return JobArguments(**given)


def parse_table(argv: Sequence[str]) -> TableArguments:
    """Reads the arguments of a job for a table, as `parse` does.

    Raises:
        JobError: an argument is missing or empty, or `dataset` could not be part of a path.
    """
    return TableArguments(**_given(argv, TableArguments))


def _given(argv: Sequence[str], wanted: type[JobArguments] | type[TableArguments]) -> dict[str, str]:
    """What else Glue passes (`--JOB_NAME`, `--extra-py-files`, flags) is left alone."""
    known = {field.name: field.default is MISSING for field in fields(wanted)}
    given: dict[str, str] = {}
    rest = iter(argv)
    for word in rest:
        name, equals, value = word.removeprefix("--").partition("=")
        if word.startswith("--") and name in known:
            # The next word is the value even if it begins with "--": a key may.
            given[name] = value if equals else next(rest, "")
    if missing := [f"--{name}" for name, needed in known.items() if needed and not given.get(name)]:
        raise JobError(f"the job needs {', '.join(missing)} (each with a value)")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", given["dataset"]):
        raise JobError(f"--dataset is not a name: {given['dataset']!r}")
    return given


def is_older(sequencer: str, than: str) -> bool:
    """Whether S3 put the one sequencer's event of a key before the other's.

    S3 compares them as text, the shorter one padded with zeros on the right.
    """
    width = max(len(sequencer), len(than))
    return sequencer.ljust(width, "0") < than.ljust(width, "0")
