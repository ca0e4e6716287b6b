"""Windows in which nothing is applied, out of env.hcl."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from strata.ci.freeze import refuse_frozen, windows
from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.settings import faults

WINDOW = '{ from = "2026-12-20T00:00:00Z", until = "2027-01-02T06:30:00Z", reason = "year end" }'
EARLIER = '{ from = "2026-01-01T00:00:00Z", until = "2026-01-02T00:00:00Z", reason = "done" }'


def tree(folder: Path, freeze: str) -> LiveTree:
    place = folder / "live/dev"
    (place / "a").mkdir(parents=True)
    (place / "a/terragrunt.hcl").write_text("")
    (place / "env.hcl").write_text(f'locals {{\n  region = "x"\n{freeze}}}\n')
    return LiveTree.load(folder)


@pytest.mark.parametrize(
    ("freeze", "now", "frozen"),
    [
        ("", "2026-12-25T00:00:00", False),
        ("  freeze = []\n", "2026-12-25T00:00:00", False),
        (f"  freeze = [{EARLIER}, {WINDOW}]\n", "2026-12-19T23:59:59", False),
        (f"  freeze = [{EARLIER}, {WINDOW}]\n", "2026-12-20T00:00:00", True),
        (f"  freeze = [{EARLIER}, {WINDOW}]\n", "2027-01-02T06:29:59", True),
        (f"  freeze = [{EARLIER}, {WINDOW}]\n", "2027-01-02T06:30:00", False),
    ],
)
def test_a_window(tmp_path: Path, freeze: str, now: str, frozen: bool) -> None:
    live = tree(tmp_path, freeze)
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    if not frozen:
        refuse_frozen(live, "dev", at)
        return
    with pytest.raises(StrataError, match="dev is frozen until 2027-01-02T06:30:00Z: year end") as caught:
        refuse_frozen(live, "dev", at)
    assert caught.value.file == str(tmp_path / "live/dev/env.hcl")


@pytest.mark.parametrize(
    "freeze",
    [
        "always",
        [{}],
        [{"from": "2026-12-20", "until": "2027-01-02T06:30:00Z", "reason": "x"}],
        [{"from": "2026-12-20T00:00:00Z", "until": "2026-12-20T00:00:00Z", "reason": "x"}],
        [{"from": "2026-12-20T00:00:00Z", "until": "2027-13-02T06:30:00Z", "reason": "x"}],
        [{"from": "2026-12-20T00:00:00Z", "until": "2027-01-02T06:30:00Z", "reason": ""}],
        7,
    ],
)
def test_what_is_not_a_window_is_not_the_lack_of_one(freeze: object) -> None:
    with pytest.raises(StrataError, match="`freeze` is not a list of windows"):
        windows({"freeze": freeze}, "env.hcl")


def test_the_schema_of_env_hcl_knows_it() -> None:
    found = faults({"freeze": [{"from": "2026-12-20T00:00:00Z"}]})
    assert {".".join(path) for path, *_ in found if path[0] == "freeze"} == {
        "freeze.0.until",
        "freeze.0.reason",
    }
    good = [{"from": "2026-12-20T00:00:00Z", "until": "2026-12-21T00:00:00Z", "reason": "x"}]
    assert [path for path, *_ in faults({"freeze": good}) if path[0] == "freeze"] == []
