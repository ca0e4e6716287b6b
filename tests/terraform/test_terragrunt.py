"""What becomes of each unit, out of Terragrunt's report and log. Terragrunt is a shell script here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.terraform.terragrunt import UnitOutcome, child_environ, first_error, run_all

LOCK = "8f0a2c3e-0000-4000-8000-000000000000"
LOCKED = f"Error: Error acquiring the state lock\n\nLock Info:\n  ID:        {LOCK}\n  Path: x"
A, B = "live/dev/a", "live/dev/b"

# The report's runs, the log's records, and what became of the units a and b.
OUTCOMES: dict[str, tuple[list[dict[str, Any]], list[Any], list[UnitOutcome]]] = {
    "both succeed": (
        [{"Name": A, "Result": "succeeded"}, {"Name": f"./{B}", "Result": "succeeded"}],
        [{"level": "error", "working-dir": A, "msg": "Error: of an earlier try"}],
        [UnitOutcome(A, "succeeded"), UnitOutcome(B, "succeeded")],
    ),
    "one fails, as its report says": (
        [
            {"Name": A, "Result": "failed", "Cause": 'Error: bucket "s3cr3t" exists'},
            {"Name": B, "Result": "succeeded"},
        ],
        [{"level": "error", "working-dir": A, "msg": "Error: another one"}],
        [UnitOutcome(A, "failed", 'bucket "…" exists'), UnitOutcome(B, "succeeded")],
    ),
    "the log says why, of each its own": (
        [{"Name": A, "Result": "failed"}, {"Name": B, "Result": "failed", "Cause": "exit status 1"}],
        [
            "no record",
            ["nor is this"],
            {"level": "info", "working-dir": f"/w/{A}", "msg": "Error: only told"},
            {"level": "stdout", "working-dir": f"/w/{A}", "msg": "Error: only printed"},
            {"level": "error", "working-dir": f"/w/not-{A}", "msg": "Error: of a unit of a longer name"},
            {"level": "stderr", "working-dir": f"/w/{B}", "msg": "Error: of b"},
            {"level": "error", "working-dir": f"/w/{A}", "msg": "nothing in particular"},
            {"level": "error", "working-dir": f"/w/{A}", "msg": "Error: of a"},
            {"level": "error", "working-dir": f"/w/{A}", "msg": "Error: of a, again"},
        ],
        [UnitOutcome(A, "failed", "of a"), UnitOutcome(B, "failed", "of b")],
    ),
    "what no unit says": (
        [{"Name": A, "Result": "failed"}],
        [{"level": "error", "msg": "Error: no room on the disk"}, {"level": "error"}],
        [UnitOutcome(A, "failed", "no room on the disk"), UnitOutcome(B, "failed", "no room on the disk")],
    ),
    "no process prints anything": (
        [{"Name": A, "Result": "failed"}, {"Name": B, "Result": "failed"}],
        [],
        [
            UnitOutcome(A, "failed", "terragrunt gave no reason"),
            UnitOutcome(B, "failed", "terragrunt gave no reason"),
        ],
    ),
    "a lock, in the report and in the log": (
        [
            {"Name": A, "Result": "failed", "Cause": LOCKED},
            {"Name": B, "Result": "failed", "Cause": "exit status 1"},
        ],
        [{"level": "stderr", "working-dir": B, "msg": LOCKED}],
        [
            UnitOutcome(A, "failed", "Error acquiring the state lock", LOCK),
            UnitOutcome(B, "failed", "Error acquiring the state lock", LOCK),
        ],
    ),
    "what is not begun": (
        [{"Name": A, "Result": "early exit", "Reason": "ancestor error"}, {"Name": B, "Result": "excluded"}],
        [],
        [UnitOutcome(A, "skipped", "ancestor error"), UnitOutcome(B, "skipped", "excluded")],
    ),
}


@pytest.fixture
def terragrunt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Terragrunt that copies `report` where it is told to, and prints `said`; `called` is what it was given."""
    program = tmp_path / "bin" / "terragrunt"
    program.parent.mkdir()
    program.write_text(
        f"""#!/bin/sh
cd {tmp_path}
printf '%s\\n' "$@" > called
env > environment
cat said
while [ $# -gt 0 ]; do
  case $1 in
    --report-file) test ! -e report || cp report "$2";;
    --filters-file) cp "$2" filters;;
  esac
  shift
done
exit 7
"""
    )
    program.chmod(0o755)
    (tmp_path / "said").write_text("")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path


def runs(place: Path, **options: Any) -> dict[str, UnitOutcome]:
    return run_all(
        place,
        options.pop("command", "plan"),
        [A, B],
        place / "out" / "plans",
        place / "logs" / "run.log",
        **options,
    )


@pytest.mark.parametrize("name", OUTCOMES)
def test_each_unit_has_an_outcome(terragrunt: Path, name: str) -> None:
    report, records, outcomes = OUTCOMES[name]
    (terragrunt / "report").write_text(json.dumps(report))
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    (terragrunt / "said").write_text("\n".join(lines))
    assert list(runs(terragrunt).values()) == outcomes
    # What an earlier run printed does not count now.
    (terragrunt / "said").write_text("")
    (terragrunt / "report").write_text(
        json.dumps([{"Name": A, "Result": "failed"}, {"Name": B, "Result": "succeeded"}])
    )
    assert runs(terragrunt)[A] == UnitOutcome(A, "failed", "terragrunt gave no reason")
    assert (terragrunt / "logs" / "run.log").read_text() == "\n".join(lines)


@pytest.mark.parametrize(
    ("options", "last"),
    [
        ({}, ["plan", "-input=false", "-lock-timeout=5m"]),
        ({"destroy": True}, ["plan", "-input=false", "-lock-timeout=5m", "-destroy"]),
        ({"command": "apply"}, ["apply", "-input=false", "-lock-timeout=5m"]),
    ],
)
def test_terragrunt_is_given_exactly_these_units(
    terragrunt: Path, options: dict[str, Any], last: list[str]
) -> None:
    (terragrunt / "report").write_text("[]")
    runs(terragrunt, **options)
    given = (terragrunt / "called").read_text().splitlines()
    assert given[:7] == [
        "run",
        "--all",
        "--non-interactive",
        "--no-color",
        "--log-format",
        "json",
        "--tf-path",
    ]
    assert given[given.index("--") + 1 :] == last
    pairs = dict(zip(given[6 : -len(last) - 1 : 2], given[7::2], strict=False))
    out = str(terragrunt / "out" / "plans")
    assert {
        name: pairs[name] for name in ("--tf-path", "--out-dir", "--json-out-dir", "--report-format")
    } == {
        "--tf-path": "terraform",
        "--out-dir": out,
        "--json-out-dir": out,
        "--report-format": "json",
    }
    assert Path(out).is_dir()
    assert (terragrunt / "filters").read_text() == f"./{A}\n./{B}\n"


def test_terragrunt_is_not_given_the_jobs_own_secrets(
    terragrunt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (terragrunt / "report").write_text("[]")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "s3cr3t")
    monkeypatch.setenv("GITHUB_TOKEN", "s3cr3t")
    monkeypatch.setenv("GITHUB_SHA", "0123abc")
    monkeypatch.setenv("OWN", "of the job")
    runs(terragrunt, variables={"OWN": "of the run", "TF_VAR_x": "1"})
    there = (terragrunt / "environment").read_text().splitlines()
    assert {"GITHUB_SHA=0123abc", "OWN=of the run", "TF_VAR_x=1"} <= set(there)
    assert "s3cr3t" not in "\n".join(there)
    assert child_environ()["OWN"] == "of the job"


def test_no_unit_is_no_run(tmp_path: Path) -> None:
    assert run_all(tmp_path, "plan", [], tmp_path / "out", tmp_path / "log") == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("report", ["no JSON", '[{"Result": "failed"}]', '["a"]', "7"])
def test_a_report_that_cannot_be_read_is_said(terragrunt: Path, report: str) -> None:
    (terragrunt / "report").write_text(report)
    with pytest.raises(StrataError) as caught:
        runs(terragrunt)
    assert (caught.value.message, caught.value.remedy) == (
        "terragrunt's report cannot be read",
        "use the version in .tool-versions",
    )


def test_a_run_without_a_report_failed_before_the_units(terragrunt: Path) -> None:
    record = {
        "level": "error",
        "msg": "* ./live/dev/terragrunt.hcl:3,1-5: Unsupported block type; no `x` here",
    }
    (terragrunt / "said").write_text(json.dumps(record))
    with pytest.raises(StrataError) as caught:
        runs(terragrunt)
    assert caught.value.message == (
        'terragrunt plan ended with exit code 7: ./live/dev/terragrunt.hcl:3,1-5: Unsupported block type; no "…" here'
    )
    assert caught.value.remedy == f"look into {terragrunt}/logs/run.log where it ran"


def test_a_missing_terragrunt_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(StrataError) as caught:
        runs(tmp_path)
    assert str(caught.value) == "terragrunt is not on PATH (install the version that .tool-versions names)"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", None),
        ("Warning: old\n", None),
        ("no Error: inside a line", None),
        ("│ Error: first\n│ Error: second", "first"),
        ("╷\n│ Error: in a box\n╵", "in a box"),
        (" * Error: listed", "listed"),
        ("Error: Terraform encountered problems during initialisation, including\nError: the cause", "the cause"),
        ("Error: error occurred:\n* live/x.hcl:1: a fault", "live/x.hcl:1: a fault"),
        ("Error: before a fault\n* live/x.hcl:1: a fault", "before a fault"),
        ("* live/x.tf:1: another file", None),
        ('Error: of "a" and `b`, not "c', 'of "…" and "…", not "c'),
        (f"Error: {'x' * 400}", "x" * 300),
    ],
)  # fmt: skip
def test_the_first_title_that_says_something(text: str, title: str | None) -> None:
    assert first_error(text) == title
