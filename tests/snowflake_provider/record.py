"""Record what the real Snowflake provider does over the cases of `recorded/`; see docs/testing.md.

python -m tests.snowflake_provider.record
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from strata.cloud.snowflake import api
from strata.cloud.snowflake.provider import VERSION
from strata.errors import StrataError
from strata.terraform.providers import SNOWFLAKE_MIRROR
from strata.terraform.toolchain import ready_toolchain
from strata.terraform.warm_provider import WarmProvider
from tests.snowflake_provider import account, recordings
from tests.snowflake_provider.recorder import Recorder, cases, normal

_TRACKING = re.compile(r"\s*--terraform_provider_usage_tracking (\{.*\})\s*$", re.DOTALL)
_READS = ("SHOW ", "DESC")
_DATA = Path(recordings.__file__).resolve().parents[2] / "strata/cloud/snowflake/data"


class Heard:
    """The statements that the embedded Snowflake hears, with its answers.

    The real provider ends each of its statements in a comment that names resource and operation.
    """

    def __init__(self) -> None:
        self._heard: list[tuple[str, str, Any]] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen as long as the context lasts."""
        answer = api._result

        def listened(session: Any, sql: str, body: dict[str, Any], query_id: str) -> dict[str, Any]:
            data = answer(session, sql, body, query_id)
            told = _TRACKING.search(sql)
            use = json.loads(told[1]) if told else {"resource": "", "operation": ""}
            self._heard.append((f"{use['resource']} {use['operation']}", _TRACKING.sub("", sql), data))
            return data

        with patch.object(api, "_result", listened):
            yield

    def take(self) -> dict[str, Any]:
        """What was heard since the last call: what was changed by resource and operation, what was read by
        statement."""
        changes: dict[str, set[str]] = {}
        reads: dict[str, Any] = {}
        for by, sql, data in self._heard:
            if sql.upper().startswith(_READS):
                reads[sql] = _table(data)
            elif by.strip() and not sql.upper().startswith("SELECT "):
                changes.setdefault(by, set()).add(normal(sql))
        self._heard.clear()
        return {"changes": {by: sorted(found) for by, found in changes.items()}, "reads": reads}


def _table(data: Mapping[str, Any]) -> list[list[Any]]:
    """An answer: the columns, then the rows in order, without what differs from run to run."""
    columns = {column["name"]: column["type"] for column in data["rowtype"]}
    rows = []
    for row in data.get("rowset") or ():
        cells = dict(zip(columns, row, strict=True))
        moments = {name: "<time>" for name in cells if cells[name] and columns[name].startswith("timestamp")}
        found = normal(cells | moments)
        rows.append([_TRACKING.sub("", cell) if isinstance(cell, str) else cell for cell in found.values()])
    return [list(normal(columns)), *sorted(rows, key=json.dumps)]


def record(root: Path, environ: Mapping[str, str]) -> str:
    """Record the provider of the mirror that the environment names, and its schemas; return its version.

    Raises:
        StrataError: there is none.
    """
    toolchain = ready_toolchain(root / ".strata", environ)
    if toolchain.snowflake_mirror is None:
        raise StrataError("the real provider has no place", remedy=f"name its mirror in {SNOWFLAKE_MIRROR}")
    pattern = "*/snowflakedb/snowflake/*/*/terraform-provider-snowflake*"
    # The newest, which is what Terraform takes too.
    program = max(toolchain.snowflake_mirror.glob(pattern), key=lambda path: _numbers(path.parents[1].name))
    version = program.parents[1].name
    heard = Heard()
    with (
        tempfile.TemporaryDirectory(prefix="strata-record-") as folder,
        account.embedded_account(Path(folder)) as server,
        heard.listening(),
    ):
        variables = account.environment(server) | {
            "SNOWFLAKE_ORGANIZATION_NAME": server.account.partition("-")[0],
            "SNOWFLAKE_ACCOUNT_NAME": server.account.partition("-")[2],
        }
        provider = WarmProvider(program, toolchain.environment(variables))
        provider.start()
        try:
            environment = toolchain.environment(variables) | {
                "TF_REATTACH_PROVIDERS": json.dumps(provider.attachment)
            }
            recorder = Recorder(
                Path(folder) / "root",
                toolchain.terraform,
                environment,
                lambda statements: account.rows(server, statements),
                heard.take,
            )
            observed = {case.name: recorder.live(case) for case in cases()}
            schemas = recorder.schemas()
        finally:
            provider.stop()
    recordings.write(version, observed, _statements(observed))
    _write_schemas(version, schemas)
    return version


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _statements(observed: dict[str, Any]) -> dict[str, Any]:
    """Take the statements out of the observations; of the reads only those of the case `life`'s first step."""
    found: dict[str, Any] = {"changes": {}, "reads": {}}
    for name, case in observed.items():
        for step, seen in case.items():
            statements = seen.pop("statements", None) or {"changes": {}, "reads": {}}
            if statements["changes"]:
                found["changes"].setdefault(name, {})[step] = statements["changes"]
            if (name, step) == ("life", "create"):
                found["reads"] = statements["reads"]
    return found


def _write_schemas(version: str, shown: Mapping[str, Any]) -> None:
    """Write the schemas of the resource types that the stand-in knows as it reads them."""
    path = _DATA / f"provider-schema-{version}.json"
    known = json.loads((_DATA / f"provider-schema-{VERSION}.json").read_text("utf-8"))
    document = {
        "protocol": known["protocol"],
        "provider": known["provider"],
        "version": version,
        "provider_block": _block(shown["provider"]["block"]),
        "resources": {
            name: {"version": schema["version"], "block": _block(schema["block"])}
            for name, schema in shown["resource_schemas"].items()
            if name in known["resources"]
        },
    }
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _block(shown: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("type", "optional", "required", "computed", "sensitive", "deprecated")
    block: dict[str, Any] = {}
    if shown.get("attributes"):
        block["attributes"] = {
            name: {key: value for key, value in attribute.items() if key in kept}
            for name, attribute in shown["attributes"].items()
        }
    if shown.get("block_types"):
        block["block_types"] = {
            name: nested | {"block": _block(nested["block"])} for name, nested in shown["block_types"].items()
        }
    return block


def main() -> int:
    try:
        version = record(Path(__file__).resolve().parents[2], os.environ)
    except StrataError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"recorded {version}: {recordings.path_of(version)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
