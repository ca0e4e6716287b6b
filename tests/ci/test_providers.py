"""Terraform's own loader beside the gate's rules on text: what it would install must be asked for."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from strata.ci.code_rules import check_change
from strata.ci.git import ChangeTrees, CommitRange
from strata.ci.providers import check_providers, cli_configuration, locked_providers, required_providers
from strata.cli import app as cli
from strata.errors import StrataError
from strata.hcl.syntax import parse
from strata.terraform.toolchain import ready_toolchain
from tests.ci.changes import BASE, MAIN, Written
from tests.ci.repository import Repository
from tests.ci.spellings import Change, other, suite

ENVIRON = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
AWS = "registry.terraform.io/hashicorp/aws"
LOCK = f'provider "{AWS}" {{\n  version = "5.100.0"\n}}\n'
pytestmark = pytest.mark.terraform


def loaded(folder: Path, modules: Mapping[str, Mapping[str, str]]) -> dict[str, frozenset[str]]:
    """What each module requires, if Terraform can load it; all in a few processes."""
    left = dict(modules)
    for number in range(30):
        root = folder / str(number)
        for name, files in left.items():
            for file, text in files.items():
                (root / "modules" / name / file).parent.mkdir(parents=True, exist_ok=True)
                (root / "modules" / name / file).write_bytes(text.encode())
        try:
            return required_providers(root, sorted(left), "terraform", ENVIRON)
        except StrataError as error:
            broken = error.message.partition(": ")[2].split(", ")
            left = {name: files for name, files in left.items() if name not in broken}
    raise AssertionError("Terraform finds faults in every wave")


def module_of(change: Change) -> dict[str, str] | None:
    """A change's module as it is afterwards; None if it is about other files, or calls modules."""
    _, files, base, _ = change
    all_ = {**base, **files}
    found = {p.removeprefix("modules/a/"): t for p, t in all_.items() if p.startswith("modules/a/")}
    touched = any(path.startswith("modules/a/") and path.endswith((".tf", ".tf.json")) for path in files)
    if not touched or any("/" in name for name in found) or '"module"' in str(found):
        return None
    try:
        bodies = [parse(name, text.encode()).body for name, text in found.items() if name.endswith(".tf")]
    except StrataError:
        return None
    return None if any(body.children("module") for body in bodies) else found


def test_what_terraform_would_install_is_asked_for(tmp_path: Path) -> None:
    changes: dict[str, Change] = {}
    modules: dict[str, dict[str, str]] = {}
    for number, change in enumerate(suite(all_files=True)):
        for seed in range(3):
            name, files, base, rules = change
            if seed:
                some = random.Random(f"{name} {seed}")
                files = dict(other(path, text, some) if path.endswith(".tf") else (path, text) for path, text in files.items())  # fmt: skip
            if module := module_of((name, files, base, rules)):
                key = f"c{number}-{seed}"
                changes[key], modules[key] = (f"{name} {seed}", files, base, rules), module
    found = loaded(tmp_path, modules)
    assert len(found) >= 100
    assert sum(addresses > {AWS} or (bool(addresses) and AWS not in addresses) for addresses in found.values()) >= 30  # fmt: skip
    for key, addresses in found.items():
        name, files, base, _ = changes[key]
        if addresses - {AWS}:
            asked = {one.rule for one in check_change(Written.of(files, dict(base)))}
            assert "provider" in asked, f"{name}: {sorted(addresses)}, {files}"


def test_a_change_that_requires_more(tmp_path: Path) -> None:
    base = BASE | {"live/dev/a/.terraform.lock.hcl": LOCK}
    repository = Repository.create(tmp_path, base)

    def found(files: Mapping[str, str | Path | None]) -> list[tuple[str, str]]:
        repository.git("checkout", "--quiet", "--detach", "origin/main")
        repository.commit(files, "change")
        with ChangeTrees(CommitRange.since(repository.clone, "origin/main")) as trees:
            return [(one.label, one.place) for one in check_providers(trees)]

    assert found({"README.md": "# y\n"}) == []
    assert found({"modules/a/main.tf": MAIN + "# x\n"}) == []
    assert found({"modules/a/main.tf": None}) == []
    assert found({"modules/a/x.tf.json": '{"resource": {"null_resource": {"x": {}}}}'}) == [
        ("approve:provider", "modules/a")
    ]
    # What a caller has to give it.
    aliased = """terraform {
      required_providers {
        aws = { source = "hashicorp/aws", configuration_aliases = [aws.east, aws.west] }
      }
    }
    """
    assert found({"modules/a/main.tf": aliased}) == []
    other = aliased.replace("aws", "two").replace("hashicorp", "example.org/one")
    assert found({"modules/a/main.tf": other}) == [("approve:provider", "modules/a")]
    assert found({"modules/a/main.tf": 'resource "a" {\n'}) == [("approve:code", "modules")]
    assert locked_providers(repository.clone) == {AWS}


def test_without_lock_files_the_modules_of_the_base_say_what_is_known(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path, {key: text for key, text in BASE.items() if "lock" not in key})
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.commit({"modules/b/main.tf": MAIN + 'data "dns_a_record_set" "x" {}\n'}, "change")
    with ChangeTrees(CommitRange.since(repository.clone, "origin/main")) as trees:
        found = check_providers(trees)
    assert [one.what.split(",")[0] for one in found] == ["requires registry.terraform.io/hashicorp/dns"]


def init(folder: Path, text: str, lock: str, *, config: Path, readonly: bool = True) -> str:
    """What `terraform init` says, as a job with a credential runs it; empty if it succeeds."""
    folder.mkdir()
    (folder / "main.tf").write_text(text, encoding="utf-8")
    if lock:
        (folder / ".terraform.lock.hcl").write_text(lock, encoding="utf-8")
    more = {"TF_CLI_CONFIG_FILE": str(config), "CHECKPOINT_DISABLE": "1"}
    more |= {"TF_CLI_ARGS_init": "-lockfile=readonly"} if readonly else {}
    done = subprocess.run(
        ["terraform", "init", "-input=false", "-no-color"],
        cwd=folder,
        env={**ENVIRON, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    return " ".join(done.stderr.replace("│", " ").split()) if done.returncode else ""


def test_what_is_not_locked_is_not_installed(root: Path, tmp_path: Path) -> None:
    """With the machine's own mirror, as the registry is not asked: then with the list of what is allowed."""
    mirror = ready_toolchain(root / ".strata").cli_config
    lock = (root / "live/dev/s3/.terraform.lock.hcl").read_text(encoding="utf-8")
    assert init(tmp_path / "locked", MAIN, lock, config=mirror) == ""
    assert "Provider dependency changes detected" in init(tmp_path / "free", MAIN, "", config=mirror)
    assert init(tmp_path / "writes", MAIN, "", config=mirror, readonly=False) == ""
    allowed = tmp_path / "allowed.tfrc"
    allowed.write_text(cli_configuration(root), encoding="utf-8")
    said = init(tmp_path / "other", 'resource "null_resource" "x" {}\n', lock, config=allowed)
    assert "hashicorp/null was not found in any of the search locations" in said


def test_the_list_is_what_the_lock_files_name(root: Path, tmp_path: Path) -> None:
    assert cli_configuration(root) == (
        "provider_installation {\n  direct {\n    include = [\n"
        f'      "{AWS}",\n      "registry.terraform.io/snowflakedb/snowflake",\n'
        "    ]\n  }\n}\n"
    )
    (tmp_path / "live").mkdir()
    with pytest.raises(StrataError, match="no unit has a lock file"):
        cli_configuration(tmp_path)


def test_a_configuration_that_is_there_is_kept(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    file = tmp_path / "new" / "x.tfrc"
    assert cli.run(["ci", "providers", "--out", str(file)]) == 0
    assert file.read_text(encoding="utf-8") == cli_configuration(root)
    file.write_text("kept\n", encoding="utf-8")
    assert cli.run(["ci", "providers", "--out", str(file)]) == 0
    assert file.read_text(encoding="utf-8") == "kept\n"
