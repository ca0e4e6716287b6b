"""Each contract's own rules and words, on snapshots made by hand; `test_check.py` reads whole trees."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.live import LiveTree
from strata.live.check import environments, files, inputs, mocks
from strata.live.check.findings import CheckFinding
from strata.live.check.snapshot import CheckedEnvironment, CheckedUnit, LiveSnapshot, read_snapshot
from strata.live.model import Dependency
from strata.modules.interface import Module, read_module

ACCOUNT = "111122223333"
MODULE = """
variable "any" {}
variable "text" {
  type = string
}
variable "count_of" {
  type     = number
  nullable = false
}
variable "sized" {
  type     = number
  default  = 3
  nullable = false
}
variable "labels" {
  type    = map(string)
  default = {}
}
"""


def module(text: str = MODULE) -> Module:
    return read_module("m", {"main.tf": text.encode()}, "modules/m")


def unit(
    root: Path,
    path: str,
    text: str = "",
    *,
    component: str = "",
    given: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    source: str = "",
    of: Module | None = None,
    dependencies: Sequence[Dependency] = (),
    read: bool = True,
) -> CheckedUnit:
    """A unit with files on disk, its own and a component's, and what they evaluate to."""
    contents = {root / path / "terragrunt.hcl": text}
    if component:
        contents[root / "live/_components/c.hcl"] = component
    for file, content in contents.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    document = {
        "inputs": dict(given or {}),
        "remote_state": {"backend": "s3", "config": dict(state or {})},
        "terraform": {"source": source},
    }
    scopes: Any = tuple(
        SimpleNamespace(file=SimpleNamespace(path=file), tree={}, includes=()) for file in contents
    )
    named: Any = SimpleNamespace(
        path=path,
        environment=path.split("/")[1],
        component=path.rpartition("/")[2],
        dependencies=tuple(dependencies),
    )
    return CheckedUnit(named, scopes, document if read else None, of)


def snapshot(root: Path, *units: CheckedUnit, **settings: Mapping[str, Any]) -> LiveSnapshot:
    """The units, each in the environment of its path, and the environments' settings."""
    names = dict.fromkeys([*settings, *(one.unit.path.split("/")[1] for one in units)])
    found = []
    for name in names:
        own = tuple(one for one in units if one.unit.path.startswith(f"live/{name}/"))
        file = root / "live" / name / "env.hcl"
        found.append(
            CheckedEnvironment(name, file, settings.get(name, {}), own, tuple(one.unit.path for one in own))
        )
    return LiveSnapshot(root, tuple(found), ())


def shown(findings: Any) -> list[tuple[str, int, str, str]]:
    return sorted((one.file, one.line, one.rule, one.message) for one in findings)


FILE, COMPONENT = "live/dev/a/terragrunt.hcl", "live/_components/c.hcl"
GIVEN = {"any": 1, "text": "x", "count_of": 2}


def test_inputs_that_fit_their_module(tmp_path: Path) -> None:
    given = {**GIVEN, "any": {"a": []}, "text": None, "labels": None, "sized": None, "count_of": "7"}
    one = unit(tmp_path, "live/dev/a", given=given, of=module())
    assert shown(inputs.check(snapshot(tmp_path, one))) == []
    # What could not be read, or whose module could not, is not judged.
    for other in (
        unit(tmp_path, "live/dev/a", given={"x": 1}),
        unit(tmp_path, "live/dev/a", of=module(), read=False),
    ):
        assert shown(inputs.check(snapshot(tmp_path, other))) == []


# the inputs; the finding's place, rule and words
INPUTS: list[tuple[dict[str, Any], str, int, str, str]] = [
    ({**GIVEN, "colour": 1}, FILE, 3, "input-unknown", "`colour` is not a variable of module m"),
    ({**GIVEN, "count_of": None}, COMPONENT, 4, "input-type", "`count_of` is null, and the variable of module m does not allow that"),
    ({**GIVEN, "count_of": "x"}, COMPONENT, 4, "input-type", '`count_of` must be a number, not "x"'),
    ({**GIVEN, "labels": {"team": []}}, COMPONENT, 7, "input-type", "`labels.team` must be a string, not []"),
    ({**GIVEN, "labels": {"other": []}}, COMPONENT, 5, "input-type", "`labels.other` must be a string, not []"),
    ({**GIVEN, "text": []}, FILE, 2, "input-type", "`text` must be a string, not []"),
    ({"text": "x", "count_of": 1}, FILE, 1, "input-missing", "live/dev/a does not give `any`, which module m has no default for"),
    ({**GIVEN, "labels": {"team": "${x}"}}, COMPONENT, 7, "input-template", "`labels.team` holds a template mark inside a collection"),
    ({**GIVEN, "labels": {"team": "%{x}"}}, COMPONENT, 7, "input-template", "`labels.team` holds a template mark inside a collection"),
    ({**GIVEN, "labels": {"a-%{x}": "y"}}, COMPONENT, 5, "input-template", "`labels.a-%{x}` holds a template mark inside a collection"),
    ({**GIVEN, "labels": {"${x}": "y"}}, COMPONENT, 5, "input-template", "`labels.${x}` holds a template mark inside a collection"),
    ({**GIVEN, "any": [["a", {"k": "${x}"}]]}, FILE, 1, "input-template", "`any.0.1.k` holds a template mark inside a collection"),
]  # fmt: skip
TEXT = 'inputs = {\n  text = "x"\n  colour = 1\n}\n'
COMPONENT_TEXT = 'locals {\n}\ninputs = {\n  count_of = 1\n  labels = {\n    # ours\n    team = "x"\n  }\n}\n'


@pytest.mark.parametrize(("given", "file", "line", "rule", "message"), INPUTS)
def test_an_input_that_does_not_fit(
    given: dict[str, Any], file: str, line: int, rule: str, message: str, tmp_path: Path
) -> None:
    one = unit(tmp_path, "live/dev/a", TEXT, component=COMPONENT_TEXT, given=given, of=module())
    assert shown(inputs.check(snapshot(tmp_path, one))) == [(file, line, rule, message)]


def test_a_template_mark_in_a_plain_string_is_no_fault(tmp_path: Path) -> None:
    given = {**GIVEN, "text": "${x} %{y}", "any": {"a": "$x %y $ {", "b": ["$$"]}}
    one = unit(tmp_path, "live/dev/a", given=given, of=module())
    assert shown(inputs.check(snapshot(tmp_path, one))) == []


def test_without_inputs_a_finding_is_at_the_units_file(tmp_path: Path) -> None:
    one = unit(tmp_path, "live/dev/a", "\n# nothing\n", given={**GIVEN, "x": 1}, of=module())
    assert [(file, line) for file, line, _, _ in shown(inputs.check(snapshot(tmp_path, one)))] == [(FILE, 1)]


@pytest.mark.parametrize(("key", "fault"), [("k" * 34, ""), ("k" * 35, "64")])
def test_the_length_of_a_buckets_name(key: str, fault: str, tmp_path: Path) -> None:
    context = {"project": "acme-shop", "environment": "dev-x", "account_id": ACCOUNT}
    given = {"context": context, "buckets": {"ok": {}, key: {}}}
    text = f"inputs = {{\n  buckets = {{\n    ok = {{}}\n    {key} = {{}}\n  }}\n}}\n"
    found = shown(inputs.check(snapshot(tmp_path, unit(tmp_path, "live/dev/a", text, given=given))))
    name = f"acme-shop-{key}-dev-x-{ACCOUNT}"
    message = f"the bucket `{name}` has {fault} characters, S3 allows 63"
    assert found == ([(FILE, 4, "bucket-name", message)] if fault else [])


@pytest.mark.parametrize("given", [{"buckets": {"k" * 70: {}}}, {"context": {}, "buckets": ["k" * 70]}])
def test_without_a_context_a_buckets_name_is_not_known(given: dict[str, Any], tmp_path: Path) -> None:
    assert shown(inputs.check(snapshot(tmp_path, unit(tmp_path, "live/dev/a", given=given)))) == []


@pytest.mark.parametrize(("length", "fault"), [(63, False), (64, True)])
def test_the_length_of_the_state_buckets_name(length: int, fault: bool, tmp_path: Path) -> None:
    name = "b" * length
    message = f"the state bucket `{name}` has 64 characters, S3 allows 63"
    for text, line in (("", 1), ("\nremote_state {\n  backend = 1\n  config = {}\n}\n", 4)):
        one = unit(tmp_path, "live/dev/a", text, state={"bucket": name})
        found = shown(inputs.check(snapshot(tmp_path, one)))
        assert found == ([(FILE, line, "bucket-name", message)] if fault else [])


STATE = {"bucket": "b", "key": "k"}
REMOTE = "\nremote_state {\n  config = {}\n}\n"


def test_states_that_are_kept_apart(tmp_path: Path) -> None:
    units = [
        unit(tmp_path, "live/dev/a", state=STATE),
        unit(tmp_path, "live/dev/b", state={**STATE, "key": "l"}),
        unit(tmp_path, "live/prod/a", state={**STATE, "bucket": "c"}),
        unit(tmp_path, "live/prod/b", read=False),
    ]
    assert shown(environments.check(snapshot(tmp_path, *units))) == []


def test_states_that_are_one(tmp_path: Path) -> None:
    units = [
        unit(tmp_path, "live/dev/a", REMOTE, state=STATE),
        unit(tmp_path, "live/dev/b", state={"bucket": "b"}),
        unit(tmp_path, "live/dev/c", state={"key": "k"}),
        unit(tmp_path, "live/prod/a", REMOTE, state=STATE),
    ]
    assert shown(environments.check(snapshot(tmp_path, *units))) == [
        ("live/dev/b/terragrunt.hcl", 1, "remote-state", "live/dev/b has no remote state in S3"),
        ("live/dev/c/terragrunt.hcl", 1, "remote-state", "live/dev/c has no remote state in S3"),
        ("live/prod/a/terragrunt.hcl", 3, "state-key", "live/prod/a and live/dev/a keep their states in one object, s3://b/k"),
    ]  # fmt: skip


# the settings of dev and of prod, and what of that is found: rule and message
OWN: list[tuple[dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = [
    ({"account_id": "1", "project": "p", "env": "dev"}, {"account_id": "2", "project": "p", "env": "prod"}, []),
    ({"account_id": "1", "env": "dev"}, {"account_id": "1", "env": "prod"}, [("account-unique", "the account 1 of prod: dev has the same")]),
    ({"project": "p", "env": "x"}, {"project": "p", "env": "x"}, [("name-unique", "the names p-*-x of prod: dev has the same")]),
    ({"project": "p", "env": "x"}, {"project": "q", "env": "x"}, []),
    ({"project": "p", "env": "dev"}, {"project": "p", "env": "prod"}, []),
    ({"other": 1}, {"other": 1}, []),
    ({}, {"account_id": "1"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("dev", "prod", "expected"), OWN)
def test_what_is_one_environments_alone(
    dev: dict[str, Any], prod: dict[str, Any], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    found = environments.check(snapshot(tmp_path, dev=dev, prod=prod))
    ours = [(one.rule, one.message) for one in found if one.rule.endswith("-unique")]
    assert ours == expected


def test_an_environment_of_another_name(tmp_path: Path) -> None:
    found = environments.check(snapshot(tmp_path, dev={"env": "qa"}, prod={"env": "prod"}, empty={}))
    named = [(one.file, one.message) for one in found if one.rule == "environment-name"]
    assert named == [("live/dev/env.hcl", "the environment in dev/ calls itself `qa`")]


# protected, the source; who it is said to run
PINNED: list[tuple[Any, str, str]] = [
    (True, "git::https://h/r.git//modules/a?ref=a/v1.0.0", ""),
    (True, "git::https://h/r.git//modules/a?ref=main", "the branch or commit `main`"),
    (True, "git::https://h/r.git//modules/a?ref=a/v1.0", "the branch or commit `a/v1.0`"),
    (True, "git::https://h/r.git//modules/a?ref=a/v1.0.0-rc1", "the branch or commit `a/v1.0.0-rc1`"),
    (True, "git::https://h/r.git//modules/a", "the working tree"),
    (True, "../../../modules//a", "the working tree"),
    (True, "", "the working tree"),
    (False, "../../../modules//a", ""),
    (None, "../../../modules//a", ""),
    ("yes", "../../../modules//a", ""),
]


@pytest.mark.parametrize(("protected", "source", "runs"), PINNED)
def test_a_protected_environment_runs_releases(
    protected: Any, source: str, runs: str, tmp_path: Path
) -> None:
    text = 'locals {\n  versions = {\n    a = "x"\n  }\n}\n'
    one = unit(tmp_path, "live/prod/a", source=source)
    (tmp_path / "live/prod/env.hcl").write_text(text, encoding="utf-8")
    settings = {"env": "prod", "protected": protected}
    found = environments.check(snapshot(tmp_path, one, prod=settings))
    pinned = [(one.file, one.line, one.message) for one in found if one.rule == "protected-version"]
    message = f"a of the protected environment prod runs {runs}"
    assert pinned == ([("live/prod/env.hcl", 3, message)] if runs else [])


# the versions of dev, staging and prod; which are too new
ORDER: list[tuple[dict[str, Any], list[str]]] = [
    ({"dev": "local", "staging": "v1.1.0", "prod": "v1.0.0"}, []),
    ({"dev": "v1.0.0", "staging": "v1.0.0", "prod": "v1.0.0"}, []),
    ({"dev": "v1.0.0", "staging": "v1.0.1", "prod": "v1.0.0"}, ["m is v1.0.1 in staging and v1.0.0 in dev"]),
    ({"dev": "v1.10.0", "staging": "v1.9.0", "prod": "v1.2.0"}, []),
    ({"dev": "local", "staging": "v1.0.0", "prod": "v2.0.0"}, ["m is v2.0.0 in prod and v1.0.0 in staging"]),
    ({"dev": "v1.0.0", "staging": "v2.0.0", "prod": "v3.0.0"}, ["m is v2.0.0 in staging and v1.0.0 in dev", "m is v3.0.0 in prod and v1.0.0 in dev"]),
    ({"dev": "v1.0.0", "prod": "v2.0.0"}, ["m is v2.0.0 in prod and v1.0.0 in dev"]),
    ({"dev": "v1.0.0", "prod": "main"}, ["m is main in prod and v1.0.0 in dev"]),
    ({"dev": "main", "prod": "local"}, []),
    ({"qa": "v1.0.0", "prod": "v2.0.0"}, []),
    ({"dev": None, "staging": "v1.0.0"}, []),
    ({"dev": "v1.0.0", "staging": 5}, []),
]  # fmt: skip


@pytest.mark.parametrize(("versions", "expected"), ORDER)
def test_a_module_is_no_newer_in_a_later_stage(
    versions: dict[str, Any], expected: list[str], tmp_path: Path
) -> None:
    settings = {
        name: {"env": name, "versions": {} if version is None else {"m": version}}
        for name, version in versions.items()
    }
    found = environments.check(snapshot(tmp_path, **settings))
    assert [one.message for one in found if one.rule == "version-order"] == expected


def test_versions_that_are_not_a_map_have_no_order(tmp_path: Path) -> None:
    settings = {name: {"env": name, "versions": "v1.0.0"} for name in ("dev", "prod")}
    found = environments.check(snapshot(tmp_path, **settings))
    assert [one for one in found if one.rule == "version-order"] == []


LOCK = 'provider "registry.terraform.io/hashicorp/{name}" {{\n  version = "{version}"\n  constraints = "~> 5.0"\n  hashes = ["{hashes}"]\n}}\n'
AWS = 'terraform {\n  required_providers {\n    aws = {\n      source  = "hashicorp/aws"\n      version = "~> 5.100"\n    }\n  }\n}\n'


def lock(name: str = "aws", version: str = "5.100.0", hashes: str = "h1:a") -> str:
    return LOCK.format(name=name, version=version, hashes=hashes)


# the lock files of a and b, whose modules ask for aws ~> 5.100; what is found
LOCKS: list[tuple[str | None, str | None, list[tuple[str, int, str]]]] = [
    (lock(), lock(), []),
    (lock(), None, [("b", 1, "live/dev/b has no .terraform.lock.hcl")]),
    (lock(), "", [("b", 1, "registry.terraform.io/hashicorp/aws is not locked")]),
    (lock(), "\n" + lock(version="5.101.0"), [("b", 2, "registry.terraform.io/hashicorp/aws is 5.101.0 here and 5.100.0 in live/dev/a/.terraform.lock.hcl")]),
    (lock(), lock(hashes="h1:b"), [("b", 1, "registry.terraform.io/hashicorp/aws has other hashes here than in live/dev/a/.terraform.lock.hcl")]),
    (lock(), lock() + lock("time"), [("b", 6, "registry.terraform.io/hashicorp/time is locked, and the module does not need it")]),
    (lock(version="5.99.0"), lock(version="5.99.0"), [("a", 1, "registry.terraform.io/hashicorp/aws is locked at 5.99.0, and the module asks for ~> 5.100"), ("b", 1, "registry.terraform.io/hashicorp/aws is locked at 5.99.0, and the module asks for ~> 5.100")]),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "expected"), LOCKS)
def test_lock_files(
    first: str | None, second: str | None, expected: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    units = [unit(tmp_path, f"live/dev/{name}", of=module(AWS)) for name in "ab"]
    for name, text in (("a", first), ("b", second)):
        if text is not None:
            (tmp_path / f"live/dev/{name}/.terraform.lock.hcl").write_text(text, encoding="utf-8")
    found = shown(files.check(snapshot(tmp_path, *units)))
    assert found == [
        (f"live/dev/{name}/.terraform.lock.hcl", line, "lock-file", message)
        for name, line, message in expected
    ]


def test_a_lock_file_is_in_git_where_git_is(tmp_path: Path) -> None:
    units = [unit(tmp_path, f"live/dev/{name}") for name in "ab"]
    for name in "ab":
        (tmp_path / f"live/dev/{name}/.terraform.lock.hcl").touch()
    assert shown(files.check(snapshot(tmp_path, *units))) == []
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "add", "live/dev/a"], check=True)
    assert shown(files.check(snapshot(tmp_path, *units))) == [
        ("live/dev/b/.terraform.lock.hcl", 1, "lock-file", "the lock file is not in git")
    ]


def test_an_environment_that_is_not_in_git_is_one_finding(tmp_path: Path) -> None:
    units = [unit(tmp_path, f"live/{name}") for name in ("dev/a", "qa/a", "qa/b", "one/a")]
    for one in units:
        (tmp_path / one.unit.path / ".terraform.lock.hcl").touch()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "add", "live/dev"], check=True)
    found = list(files.check(snapshot(tmp_path, *units)))
    assert [(one.file, one.message, one.remedy) for one in found] == [
        ("live/qa/a/.terraform.lock.hcl", "none of the 2 lock files of live/qa is in git", "git add live/qa"),
        ("live/one/a/.terraform.lock.hcl", "the lock file is not in git", "git add live/one/a/.terraform.lock.hcl"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\n" * 15, None),
        ("a = 1\n" * 16, 16),
        ("# x\n\n  // y\n" + "a = 1\n" * 16, 19),
        ("a = 1 # x\n" * 20, 16),
        ("/* x */\n" * 16, 16),
    ],
)
def test_the_size_of_a_unit(text: str, line: int | None, tmp_path: Path) -> None:
    one = unit(tmp_path, "live/dev/a", text)
    (tmp_path / "live/dev/a/.terraform.lock.hcl").touch()
    found = [(at, rule) for _, at, rule, _ in shown(files.check(snapshot(tmp_path, one)))]
    assert found == ([(line, "unit-size")] if line else [])


def dependency(mock: Any, *commands: str) -> Dependency:
    return Dependency("d", "live/dev/d", mock, commands, False)


DEPENDENT = 'dependency "d" {\n  config_path = "../d"\n  mock_outputs_allowed_terraform_commands = []\n  mock_outputs = {\n    a = ""\n    m = {\n      k = ""\n    }\n  }\n}\n'
PROVIDED = 'output "a" {\n  value = "x"\n}\noutput "m" {\n  value = { k = "x", n = 1 }\n}\noutput "l" {\n  value = [for x in [] : { k = 1 }]\n}\n'
MOCK = "x-000000000000"
MISSES = "does not carry the account 000000000000"


@pytest.mark.parametrize(
    "command", ["init", "validate", "plan", "show", "graph", "providers", "render", "console", "fmt"]
)
def test_mocks_may_stand_in_where_nothing_changes(command: str, tmp_path: Path) -> None:
    one = unit(tmp_path, "live/dev/a", DEPENDENT, dependencies=[dependency({"a": MOCK}, command)])
    assert shown(mocks.check(snapshot(tmp_path, one))) == []


# the mocks, the commands; the line, the rule and the words of what is found
MOCKS: list[tuple[Any, list[str], list[tuple[int, str, str]]]] = [
    (None, ["apply"], []),
    ({}, ["plan"], []),
    ({"a": MOCK}, [], [(3, "mock-commands", "the mocks of dependency `d` are allowed for every command")]),
    ({"a": MOCK}, ["plan", "import", "apply"], [(3, "mock-commands", "the mocks of dependency `d` are allowed for apply, import")]),
    ({"a": "x"}, ["plan"], [(5, "mock-sentinel", f"the mock `a` of dependency `d` {MISSES}")]),
    ({"a": f"{MOCK}-{ACCOUNT}"}, ["plan"], [(5, "mock-sentinel", f"the mock `a` of dependency `d` {MISSES}")]),
    ({"a": ""}, ["plan"], [(5, "mock-sentinel", f"the mock `a` of dependency `d` {MISSES}")]),
    ({"m": {"k": "x", "n": 1}}, ["plan"], [(7, "mock-sentinel", f"the mock `m.k` of dependency `d` {MISSES}")]),
    ({"l": [{"k": 1}, {"k": 2}]}, ["plan"], []),
    ({"a": [MOCK]}, ["plan"], [(5, "mock-type", f'the mock `a` of dependency `d` must be a string, not ["{MOCK}"]')]),
    ({"a": 5}, ["plan"], [(5, "mock-type", "the mock `a` of dependency `d` must be a string, not 5")]),
    ({"m": {"n": "000000000000"}}, ["plan"], [(6, "mock-type", 'the mock `m.n` of dependency `d` must be a number, not "000000000000"')]),
    ({"m": {"z": 1}}, ["plan"], [(6, "mock-type", "the mock `m.z` of dependency `d` is not an attribute of the type")]),
    ({"l": [{"z": 1}]}, ["plan"], [(4, "mock-type", "the mock `l.0.z` of dependency `d` is not an attribute of the type")]),
    ({"z": 1}, ["plan"], [(4, "mock-output", "the mock `z` stands for no output of live/dev/d")]),
]  # fmt: skip


@pytest.mark.parametrize(("mock", "commands", "expected"), MOCKS)
def test_mocks(mock: Any, commands: list[str], expected: list[tuple[int, str, str]], tmp_path: Path) -> None:
    units = [
        unit(tmp_path, "live/dev/a", DEPENDENT, dependencies=[dependency(mock, *commands)]),
        unit(tmp_path, "live/dev/d", of=module(PROVIDED)),
    ]
    found = shown(mocks.check(snapshot(tmp_path, *units)))
    assert found == [(FILE, line, rule, message) for line, rule, message in expected]


def test_mocks_of_a_module_that_is_not_known_are_of_any_type(tmp_path: Path) -> None:
    units = [
        unit(tmp_path, "live/dev/a", DEPENDENT, dependencies=[dependency({"z": 5}, "plan")]),
        unit(tmp_path, "live/dev/d"),
    ]
    assert shown(mocks.check(snapshot(tmp_path, *units))) == []
    assert shown(mocks.check(snapshot(tmp_path, units[0]))) == []


def test_a_finding_is_shown_on_a_line() -> None:
    finding = CheckFinding("live/env.hcl", 3, "rule", "It is so", "do that")
    assert str(finding) == "live/env.hcl:3: It is so (do that) [rule]"
    other = CheckFinding("live/env.hcl", 12, "rule", "It is so", "do that")
    assert sorted([other, finding]) == [finding, other]


READER = """dependency "d" {
  config_path = "../d"
  mock_outputs = { a = "x-000000000000", m = {} }
  mock_outputs_allowed_terraform_commands = ["plan"]
}
dependency "e" {
  config_path = "../e"
  mock_outputs = {}
}
inputs = {
  whole   = dependency.d
  outputs = dependency.d.outputs
  twice   = [dependency.d.outputs, dependency.d.outputs]
  chosen  = dependency.d.outputs[upper("a")]
  good    = dependency.d.outputs.a
  lost    = try(dependency.d.outputs.nope, "")
  part    = try(dependency.d.outputs.m.k, dependency.d.outputs["m"]["z"], "")
  below   = try(dependency.d.outputs.a.b, dependency.d.outputs.l[0].k.z, dependency.d.outputs.l.x, "")
  file    = fileexists("x-${dependency.d.outputs.gone}")
  other   = try(dependency.e.outputs.anything, "")
  name    = dependency.d.name
}
"""


def test_outputs_in_use(load: Callable[..., LiveTree]) -> None:
    tree = load(
        {
            "live/dev/a/terragrunt.hcl": READER,
            "live/dev/d/terragrunt.hcl": 'terraform {\n  source = "${get_repo_root()}/modules//d"\n}\n',
            "live/dev/e/terragrunt.hcl": "",
            "modules/d/main.tf": PROVIDED,
        }
    )
    found = [
        (line, message)
        for file, line, rule, message in shown(mocks.check(read_snapshot(tree)))
        if rule in ("dependency-output", "mock-output") and file == FILE
    ]
    whole = "the outputs of dependency `d` are used as a whole, or by a computed name"
    assert found == [
        (3, "the output `l` of dependency `d` is in use and has no mock"),
        (3, "the output `l` of dependency `d` is in use and has no mock"),
        (11, whole),
        (12, whole),
        (13, whole),
        (14, whole),
        (16, "dependency.d.outputs.nope: the module of live/dev/d has no output `nope`"),
        (17, "dependency.d.outputs.m.z: the output `m` has no attribute `z`"),
        (19, "dependency.d.outputs.gone: the module of live/dev/d has no output `gone`"),
    ]


def test_what_cannot_be_read_is_a_finding_at_its_place(load: Callable[..., LiveTree]) -> None:
    tree = load(
        {
            "live/empty/env.hcl": "locals {}\n",
            "live/dev/env.hcl": "locals {\n  a = tonumber({})\n}\n",
            "live/dev/a/terragrunt.hcl": "inputs = {\n  x = nope()\n}\n",
            "live/dev/b/terragrunt.hcl": 'terraform {\n\n  source = "../nowhere"\n}\n',
            "live/dev/c/terragrunt.hcl": "",
            "live/dev/d/terragrunt.hcl": 'terraform {\n  source = "git::https://example.org/r.git//m?ref=main"\n}\n',
        }
    )
    found = read_snapshot(tree)
    assert [(one.file, one.line, one.rule, one.message.partition(":")[0]) for one in found.findings] == [
        ("live/empty", 1, "read", "the environment `empty` has no unit"),
        ("live/dev/env.hcl", 2, "read", "Invalid function argument"),
        ("live/dev/a/terragrunt.hcl", 2, "read", "function `nope` does not exist"),
        (
            "live/dev/b/terragrunt.hcl",
            3,
            "read",
            "the source `../nowhere` is not a module of this repository",
        ),
        ("live/dev/c/terragrunt.hcl", 1, "read", "the unit names no module"),
    ]
    assert list(found.units) == ["live/dev/b", "live/dev/c", "live/dev/d"]
    assert {one.name: (one.paths, dict(one.settings)) for one in found.environments} == {
        "dev": (("live/dev/a", "live/dev/b", "live/dev/c", "live/dev/d"), {}),
        "empty": ((), {}),
    }
    assert found.findings[4].remedy == "give `source` in its `terraform` block"
    assert found.findings[3].remedy == "correct it, then run the command again"
