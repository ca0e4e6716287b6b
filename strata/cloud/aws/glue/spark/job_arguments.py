"""Glue's job arguments: which of them configure the run, and which the embedded Glue cannot honour.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

# Each would change what the job does, so it is refused rather than ignored.
_REFUSED = (
    "--additional-python-modules",
    "--datalake-formats",
    "--enable-glue-datacatalog",
    "--extra-files",
    "--extra-jars",
    "--python-modules-installer-option",
    "--user-jars-first",
    "--use-postgres-driver",
)
_BOOKMARK = "--job-bookmark-option"
_ALLOWED_VALUES = {
    _BOOKMARK: ("job-bookmark-disable",),
    "--job-language": ("python",),
    "--enable-glue-datacatalog": ("false",),
}


def refusal(arguments: Mapping[str, str]) -> str | None:
    """Return why the embedded Glue does not run a job with these arguments, or None."""
    for name, value in arguments.items():
        allowed = _ALLOWED_VALUES.get(name)
        if allowed is not None and value not in allowed:
            return f"{name} {value} is not implemented by the embedded Glue (only {', '.join(allowed)})"
        if allowed is None and name in _REFUSED:
            return f"{name} is not implemented by the embedded Glue"
    return None


def spark_properties(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the Spark settings of `--conf`, whose value may hold further ones: `a=1 --conf b=2`.

    Raises ValueError for a setting without `=`.
    """
    properties = {}
    for word in shlex.split(arguments.get("--conf", "")):
        if word == "--conf":
            continue
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"--conf {word} is not of the form name=value")
        properties[name] = value
    return properties


def py_file_locations(arguments: Mapping[str, str]) -> list[str]:
    """Return the S3 locations of `--extra-py-files`."""
    return [part.strip() for part in arguments.get("--extra-py-files", "").split(",") if part.strip()]


def log_names(arguments: Mapping[str, str], run_id: str) -> tuple[str, str, str]:
    """Return the log group for what the script prints, the one for Spark's own log, and the log stream.

    Glue 5: https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
    """
    stream = f"{arguments.get('--custom-logStream-prefix') or run_id}-driver"
    both = arguments.get("--continuous-log-logGroup")
    prefix = arguments.get("--custom-logGroup-prefix") or "/aws-glue/jobs"
    if both and "--custom-logGroup-prefix" not in arguments:
        return both, both, stream
    return f"{prefix}/output", f"{prefix}/error", stream


def command_line(job_name: str, run_id: str, arguments: Mapping[str, str]) -> tuple[str, ...]:
    """Return the script's `sys.argv[1:]`: the job's name and the run's id first, then every argument."""
    given = {"--JOB_NAME": job_name, "--JOB_RUN_ID": run_id}
    return tuple(word for name, value in {**given, **arguments}.items() for word in (name, value))


def stages_stream(stream: str) -> str:
    """Return the log stream of a run's Spark stages, a JSON object a line, beside that of what it prints."""
    return f"{stream}-stages"
