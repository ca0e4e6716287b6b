"""Contracts of environments: what env.hcl says, what must differ between them, which versions run where."""

from __future__ import annotations

from collections.abc import Iterator

from strata.live.check import places
from strata.live.check.findings import CheckFinding
from strata.live.check.snapshot import (
    TAG,
    CheckedEnvironment,
    CheckedUnit,
    LiveSnapshot,
    environment_faults,
)
from strata.live.source import split
from strata.modules.versions import Version

# A module reaches a later stage only after the earlier ones.
STAGES = ("dev", "staging", "prod")


def check(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    """All findings of this file's contracts."""
    for environment in snapshot.environments:
        if environment.settings:
            yield from _settings(snapshot, environment)
            yield from _pinned(snapshot, environment)
    yield from _own(snapshot)
    yield from _states(snapshot)
    yield from _order(snapshot)


def _place(snapshot: LiveSnapshot, environment: CheckedEnvironment, *path: str) -> places.Place:
    return places.of_local(snapshot.root, environment.file, path)


def _settings(snapshot: LiveSnapshot, environment: CheckedEnvironment) -> Iterator[CheckFinding]:
    found = environment_faults(snapshot.root, environment.settings, snapshot.fields)
    for fault in found:
        yield CheckFinding(
            *_place(snapshot, environment, *fault.path), "environment-settings", fault.message, fault.remedy
        )
    name = environment.settings.get("env")
    if name != environment.name and ("env",) not in (fault.path for fault in found):
        yield CheckFinding(
            *_place(snapshot, environment, "env"),
            "environment-name",
            f"the environment in {environment.file.parent.name}/ calls itself `{name}`",
            "take the name from the folder: env = basename(get_terragrunt_dir())",
        )


def _own(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    """Account and names are one environment's alone."""
    first: dict[tuple[str, str], CheckedEnvironment] = {}
    for environment in snapshot.environments:
        settings = environment.settings
        if not settings:
            continue
        names = (settings.get("project"), settings.get("env"))
        facts = (
            ("account_id", settings.get("account_id"), "account-unique", "the account"),
            ("env", names, "name-unique", "the names"),
        )
        for key, value, rule, what in facts:
            if value in (None, (None, None)):
                continue
            # A wrong value may be a list.
            other = first.setdefault((key, repr(value)), environment)
            if other is not environment:
                shown = "-*-".join(map(str, value)) if isinstance(value, tuple) else value
                yield CheckFinding(
                    *_place(snapshot, environment, key),
                    rule,
                    f"{what} {shown} of {environment.name}: {other.name} has the same",
                    f"give {environment.name} its own: one's apply would change the other's resources",
                )


def _states(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    """No two units share a state."""
    first: dict[tuple[str, str], str] = {}
    for unit in snapshot.units.values():
        if unit.document is None:
            continue
        config = unit.state
        if not config.get("bucket") or not config.get("key"):
            yield CheckFinding(
                *_state_place(snapshot, unit),
                "remote-state",
                f"{unit.unit.path} has no remote state in S3",
                "include the root terragrunt.hcl, which sets bucket and key",
            )
            continue
        key = (str(config["bucket"]), str(config["key"]))
        other = first.setdefault(key, unit.unit.path)
        if other != unit.unit.path:
            yield CheckFinding(
                *_state_place(snapshot, unit),
                "state-key",
                f"{unit.unit.path} and {other} keep their states in one object, s3://{'/'.join(key)}",
                "make the key from the unit's path: path_relative_to_include()",
            )


def _state_place(snapshot: LiveSnapshot, unit: CheckedUnit) -> places.Place:
    place = places.of_block(snapshot.root, unit.files, "remote_state", "", "config")
    return place or (f"{unit.unit.path}/terragrunt.hcl", 1)


def _pinned(snapshot: LiveSnapshot, environment: CheckedEnvironment) -> Iterator[CheckFinding]:
    """A protected environment runs released modules only."""
    if environment.settings.get("protected") is not True:
        return
    for unit in environment.units:
        ref = split(unit.source)[2].get("ref", [""])[0]
        if unit.document is None or TAG.fullmatch(ref):
            continue
        # A unit's folder may have another name than its module.
        module = split(unit.source)[1].rpartition("/")[2] or unit.unit.component
        source = f"the branch or commit `{ref}`" if ref else "the working tree"
        yield CheckFinding(
            *_place(snapshot, environment, "versions", module),
            "protected-version",
            f"{unit.unit.component} of the protected environment {environment.name} runs {source}",
            "pin a release: vX.Y.Z of a tag <module>/vX.Y.Z",
        )


def _order(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    """No module is newer in a later stage than in an earlier one."""
    stages = {environment.name: environment for environment in snapshot.environments}
    present = [stages[name] for name in STAGES if name in stages]
    for position, later in enumerate(present):
        for module, ref in _versions(later).items():
            for earlier in present[:position]:
                before = _versions(earlier).get(module)
                if before is None or _rank(before) >= _rank(ref):
                    continue
                yield CheckFinding(
                    *_place(snapshot, later, "versions", module),
                    "version-order",
                    f"{module} is {ref} in {later.name} and {before} in {earlier.name}",
                    f"promote it to {earlier.name} first",
                )
                break


def _versions(environment: CheckedEnvironment) -> dict[str, str]:
    found = environment.settings.get("versions")
    return (
        {name: ref for name, ref in found.items() if isinstance(ref, str)} if isinstance(found, dict) else {}
    )


def _rank(ref: str) -> tuple[int, Version | None]:
    """Releases in their order; what is not released yet, such as the working tree, comes after them."""
    tag = TAG.fullmatch(f"x/{ref}")
    return (0, Version.read(tag["version"])) if tag else (1, None)
