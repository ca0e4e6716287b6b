"""Runs LocalStack's recorded scenarios of Step Functions against the embedded cloud.

    .venv/bin/python bench/recorded FOLDER              a checkout of github.com/localstack/localstack
    .venv/bin/python bench/recorded FOLDER --list       every scenario that is not equal, with its differences
    .venv/bin/python bench/recorded FOLDER -k test_map  only scenarios whose name holds this

Each test below `tests/aws/services/stepfunctions/v2` of the folder runs as it is, against an embedded
cloud that this script starts. What it records is compared with what its authors recorded at AWS. `equal`
means every answer and every event of a history; `outcome` means that executions end alike (status,
output, error and cause) and that requests are answered or refused alike. `refused` means that the cloud
names what it does not have. Nothing of the folder is kept. Exits with 1 where fewer than `--at-least`
scenarios have AWS's outcome.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from verdicts import Verdict, judge

SCENARIOS = Path("tests/aws/services/stepfunctions/v2")
# LocalStack's own features, and services that this platform does not use.
_NOT_AWS = ("local_mocking",)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="the checkout")
    parser.add_argument("--under", default="", help="only this folder or file of the scenarios")
    parser.add_argument("-k", dest="names", default="", help="pytest's expression of names")
    parser.add_argument("--list", action="store_true", help="print every scenario that is not equal")
    parser.add_argument("--json", type=Path, help="write the verdicts to this file")
    parser.add_argument(
        "--at-least", type=int, default=0, help="how many must have AWS's outcome; default: 0"
    )
    arguments = parser.parse_args()
    verdicts = _verdicts(arguments.folder.resolve(), arguments.under, arguments.names)
    if arguments.json:
        arguments.json.write_text(json.dumps({v.scenario: v.as_json() for v in verdicts}, indent=1), "utf-8")
    if arguments.list:
        for verdict in verdicts:
            if verdict.kind != "equal":
                print(f"{verdict.kind:8} {verdict.scenario}\n         {verdict.reason}")
    _print_table(verdicts)
    ours = sum(verdict.kind in ("equal", "outcome") for verdict in verdicts)
    sys.exit(ours < arguments.at_least)


def _verdicts(folder: Path, under: str, names: str) -> list[Verdict]:
    recorded: dict[str, object] = {}
    for path in sorted((folder / SCENARIOS).rglob("*.snapshot.json")):
        if not set(_NOT_AWS) & set(path.parts):
            recorded.update(json.loads(path.read_text("utf-8")))
    with tempfile.TemporaryDirectory() as scratch:
        results = Path(scratch) / "results.jsonl"
        environ = {
            **os.environ,
            "STRATA_RECORDED_FOLDER": str(folder),
            "STRATA_RECORDED_RESULTS": str(results),
            "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent), str(folder))),
        }
        ignored = [f"--ignore={folder / SCENARIOS / name}" for name in _NOT_AWS]
        subprocess.run(
            [sys.executable, "-m", "pytest", str(folder / SCENARIOS / under), "-p", "scenario_plugin"]
            + [
                "-p",
                "no:cacheprovider",
                "-p",
                "no:randomly",
                "-p",
                "no:xdist",
                "--noconftest",
                "-c",
                os.devnull,
            ]
            + [f"--rootdir={folder}", "-q", "--no-header", "--tb=no", "--continue-on-collection-errors"]
            + ["-W", "ignore"]
            + (["-k", names] if names else [])
            + ignored,
            env=environ,
            cwd=scratch,
            stdout=sys.stderr,
            check=False,
        )
        lines = results.read_text("utf-8").splitlines() if results.exists() else []
    ran = [json.loads(line) for line in lines]
    return [judge(result, recorded[result["scenario"]]) for result in ran if result["scenario"] in recorded]


def _print_table(verdicts: list[Verdict]) -> None:
    kinds = ("equal", "outcome", "refused", "differs", "broken")
    folders = sorted({verdict.folder for verdict in verdicts})
    print(f"{'':32}" + "".join(f"{kind:>9}" for kind in kinds))
    for name in (*folders, "all"):
        counts = Counter(v.kind for v in verdicts if name in (v.folder, "all"))
        print(f"{name:32}" + "".join(f"{counts[kind]:>9}" for kind in kinds))


if __name__ == "__main__":
    main()
