"""What a run returns about its units, and what it keeps out of its repr."""

from __future__ import annotations

from pathlib import Path

from strata.errors import StrataError
from strata.terraform.diagnostics import Changes
from strata.terraform.events import UnitEvent, UnitResult
from strata.terraform.state import UnitState
from strata.terraform.toolchain import Toolchain


def test_a_result_says_nothing_that_it_was_not_told() -> None:
    result = UnitResult("live/dev/a", "skipped")
    assert (result.resources, result.seconds, result.changes) == (0, 0.0, Changes(0, 0, 0, 0))
    assert (result.actions, result.outputs, result.diagnostics) == ({}, {}, ())
    assert result.error is None
    assert result.ok
    assert not UnitResult("live/dev/a", "failed", error=StrataError("no")).ok
    assert UnitEvent("live/dev/a", "waiting", 0, 0.0).message == ""


def test_values_are_not_in_what_is_printed() -> None:
    secret = "s3cret"
    toolchain = Toolchain(
        Path("terraform"), "1.11.4", Path("cli"), "", "Terraform", Path("state"), environ={"TOKEN": secret}
    )
    shown = [
        UnitResult("live/dev/a", "applied", outputs={"password": secret}),
        UnitState(1, {"password": "x"}, 1, {"outputs": {"password": {"value": secret}}}),  # type: ignore[arg-type]
        toolchain,
    ]
    # It is there, and a process gets it.
    assert toolchain.environ["TOKEN"] == secret
    assert toolchain.environment()["TF_CLI_CONFIG_FILE"] == "cli"
    assert secret not in repr(shown)
    # Two reads of one state are equal, whatever else Terraform has written into it.
    state = UnitState(1, {}, 1, {"lineage": "a"})  # type: ignore[arg-type]
    assert state == UnitState(1, {}, 1, {"lineage": "b"})  # type: ignore[arg-type]
    assert UnitState(1, {}, 1).document == {}  # type: ignore[arg-type]


def test_a_toolchain_is_of_this_machine_unless_it_is_told_otherwise() -> None:
    found = Toolchain(Path("terraform"), "1.11.4", Path("cli"), "", "Terraform", Path("state"))
    assert (found.provider_cache, found.snowflake_mirror) == (None, None)
    assert found.parallel_init
    assert (found.environ, found.platform, found.reason) == ({}, "", "")
    assert str(found.schemas._folder) == "state/cache/schemas"
