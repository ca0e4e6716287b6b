"""What the gate stops: a row is a change of one file and the findings it must give; none is evaluated or run."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from strata.ci.code_rules import GateFinding, check_change
from strata.ci.gate import check_plans, decide
from strata.ci.git import CommitRange
from strata.ci.plans import PlanSet, ResourceChange, UnitPlan
from strata.errors import StrataError
from tests.ci.changes import BASE, BASE_OF_MORE, MAIN, MORE, ROWS, Written
from tests.ci.repository import Repository
from tests.ci.spellings import fault, suite
from tests.hcl.texts import respelled

HCL_ROWS = [
    row
    for row in ROWS
    if row[1].endswith((".tf", ".hcl")) and not row[1].endswith(".lock.hcl") and "broken" not in row[0]
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.create(tmp_path_factory.mktemp("gate"), BASE)


def gate_findings(repository: Repository, files: Mapping[str, str | Path | None]) -> list[GateFinding]:
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.commit(files, "change")
    return check_change(CommitRange.since(repository.clone, "origin/main"))


@pytest.mark.parametrize(("name", "path", "content", "rules"), ROWS, ids=[row[0] for row in ROWS])
def test_rules(name: str, path: str, content: str, rules: list[str]) -> None:
    found = check_change(Written.of({path: content}))
    assert sorted(finding.rule for finding in found) == sorted(rules)
    assert decide(found, set()).open is (not rules)


@pytest.mark.parametrize(("name", "files", "rules"), MORE, ids=[row[0] for row in MORE])
def test_more_rules(name: str, files: dict[str, str], rules: set[str]) -> None:
    found = check_change(Written.of(files, BASE_OF_MORE))
    assert {finding.rule for finding in found} == rules


def test_the_suite_is_large_and_holds_harmless_changes_too() -> None:
    asked = [bool(row[-1]) for row in (*ROWS, *MORE)]
    assert (asked.count(True) >= 150, asked.count(False) >= 50) == (True, True)
    assert len({row[0] for row in MORE}) == len(MORE)


@pytest.mark.parametrize(("name", "path", "content", "rules"), HCL_ROWS, ids=[row[0] for row in HCL_ROWS])
def test_a_spelling_changes_nothing(name: str, path: str, content: str, rules: list[str]) -> None:
    for seed in range(int(os.environ.get("SPELLINGS", "1"))):
        spelled = respelled(content, random.Random(f"{name} {seed}"), escape=path.endswith(".tf"))
        found = check_change(Written.of({path: spelled}))
        assert sorted(finding.rule for finding in found) == sorted(rules), spelled


def test_what_git_holds_but_plain_files(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    folder = repository.clone
    (folder / "live/dev/a/more.hcl").symlink_to("../../../README.md")
    (folder / "docs").mkdir()
    (folder / "docs/x.md").symlink_to("/etc/passwd")
    (folder / "README.md").chmod(0o755)
    repository.git("add", "--all")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},modules/sub")
    repository.git("commit", "--quiet", "--message", "links")
    change = CommitRange.since(folder, "origin/main")
    assert dict(change.modes) == {
        "README.md": "100755",
        "docs/x.md": "120000",
        "live/dev/a/more.hcl": "120000",
        "modules/sub": "160000",
    }
    assert [(one.label, one.place) for one in check_change(change) if "plain file" in one.what] == [
        ("approve:code", "docs/x.md"),
        ("approve:code", "live/dev/a/more.hcl"),
        ("approve:code", "modules/sub"),
    ]


def test_a_release_is_a_tag_of_what_was_merged(repository: Repository) -> None:
    pins = 'locals {\n  versions = {\n    a = "VERSION"\n  }\n}\n'
    repository.git("checkout", "--quiet", "--detach", "origin/main")
    repository.git("tag", "a/v1.0.0", "HEAD")
    repository.git("branch", "a/v3.0.0", "HEAD")
    repository.commit({"modules/a/main.tf": MAIN + 'data "http" "x" {}\n'}, "unreviewed")
    repository.git("tag", "--annotate", "--message", "x", "a/v2.0.0", "HEAD")
    found = {
        version: gate_findings(repository, {"live/dev/env.hcl": pins.replace("VERSION", version)})
        for version in ("v1.0.0", "v2.0.0", "v3.0.0")
    }
    assert {version: [one.place for one in several] for version, several in found.items()} == {
        "v1.0.0": [],
        "v2.0.0": ["live/dev/env.hcl:3"],
        "v3.0.0": ["live/dev/env.hcl:3"],
    }


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("modules/a/main.tf", "data external {{\n", 1),
        ("modules/a/main.tf", "a = 1 b = 2\n", 1),
        ("modules/a/main.tf", "a = 1\n\nb = = 2\n", 3),
        ("modules/a/x.tf.json", "{", None),
    ],
)
def test_what_cannot_be_read_cannot_be_judged(path: str, text: str, line: int | None) -> None:
    with pytest.raises(StrataError, match="cannot be checked") as caught:
        check_change(Written.of({path: text}))
    assert (caught.value.file, caught.value.line) == (path, line)


# path, content, what is found there (rule, line, words)
PLACES: list[tuple[str, str, list[tuple[str, int | None, str]]]] = [
    ("modules/a/main.tf", MAIN + 'data "external" "x" {\n}\n', [("provider", 13, "new provider external"), ("code", 13, "data source external")]),
    ("modules/a/main.tf", MAIN + '\nprovider "random" {\n  x = 1\n}\n', [("provider", 14, "new provider random"), ("code", 14, "provider random")]),
    ("modules/a/main.tf", MAIN.replace("hashicorp/aws", "evil/aws"), [("provider", 3, "new provider evil/aws")]),
    ("modules/a/main.tf", MAIN.replace('name = "a"', "provider = random"), [("provider", 11, "new provider random")]),
    ("modules/a/main.tf", MAIN.replace('name = "a"', "name = provider::time::now()"), [("provider", 11, "new provider time")]),
    ("modules/a/main.tf", MAIN.replace('name = "a"', 'name = file("/x")'), [("code", 11, "file of what is not the module's own")]),
    ("modules/a/main.tf", MAIN + 'module "x" {\n  source = "git::https://e.example"\n}\n', [("code", 14, "module from elsewhere")]),
    ("modules/a/main.tf", MAIN.replace("terraform {\n", 'terraform {\n  backend "http" {}\n', 1), [("code", 2, "backend http")]),
    ("modules/a/x.tf.json", '{"resource": {"null_resource": {}}}', [("code", None, "is configuration in JSON, which is read by people"), ("provider", 1, "new provider null")]),
    ("modules/a/x.tf.json", '{"provider": {"random": {}}}', [("code", None, "is configuration in JSON, which is read by people"), ("provider", 1, "new provider random")]),
    ("live/dev/a/terragrunt.hcl", '\nterraform_binary = "x"\n', [("code", 2, "terraform_binary")]),
    ("live/dev/a/terragrunt.hcl", 'inputs = {\n  x = run_cmd("id")\n}\n', [("code", 2, "run_cmd")]),
    ("live/dev/a/terragrunt.hcl", 'inputs = {\n  x = jsondecode("{}")\n}\n', [("code", 2, "a value that is decoded")]),
    ("live/dev/a/terragrunt.hcl", 'inputs = {\n  x = "a\\nb"\n}\n', [("code", 2, "a value with more lines, quotes or templates in it")]),
    ("live/dev/a/terragrunt.hcl", 'dependency "x" {\n  config_path = "/x"\n}\n', [("code", 2, "dependency outside the environment")]),
    ("live/dev/a/terragrunt.hcl", 'dependencies {\n  paths = ["/x"]\n}\n', [("code", 2, "dependency outside the environment")]),
    ("live/dev/a/terragrunt.hcl", 'include "c" {\n  path = "x.txt"\n}\n', [("code", 2, "configuration out of another file than .hcl")]),
    ("live/dev/a/terragrunt.hcl", 'inputs = {\n  x = read_terragrunt_config("x.json")\n}\n', [("code", 2, "configuration out of another file than .hcl")]),
    ("live/dev/a/terragrunt.hcl", 'locals {\n  modules = "x"\n}\n', [("code", 2, "where modules come from")]),
    ("live/dev/a/.terraform.lock.hcl", "x\n", [("lock-file", None, "changes which provider binaries are trusted")]),
    (".github/dependabot.yaml", "x\n", [("workflow", None, "edits what GitHub runs")]),
    (".terraformrc", "x\n", [("provider", None, "changes where providers come from")]),
    ("terraform.rc", "x\n", [("provider", None, "changes where providers come from")]),
    ("modules/a/.terraform/x", "x\n", [("provider", None, "brings a provider or a module of its own")]),
    (".gitattributes", "x\n", [("code", None, "changes what a checkout holds")]),
    ("setup.py", "x\n", [("code", None, "may run, or decide what runs, in the job that plans")]),
    ("tests/x/broken.tf", "a = = 1\n", [("code", None, "the file cannot be checked: syntax error")]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "content", "expected"), PLACES)
def test_where_and_what_is_found(
    path: str, content: str, expected: list[tuple[str, int | None, str]]
) -> None:
    found = check_change(Written.of({path: content}))
    assert [(one.rule, one.place) for one in found] == [
        (rule, path if line is None else f"{path}:{line}") for rule, line, _ in expected
    ]
    assert all(one.what.startswith(said) for one, (_, _, said) in zip(found, expected, strict=True))


def test_a_deleted_workflow_is_an_edit(repository: Repository) -> None:
    assert [one.rule for one in gate_findings(repository, {".github/workflows/x.yaml": None})] == ["workflow"]


def resources(*actions: str, kind: str = "aws_sns_topic") -> tuple[ResourceChange, ...]:
    return tuple(
        ResourceChange.model_validate({"address": f"{kind}.x{i}", "type": kind, "action": action})
        for i, action in enumerate(actions)
    )


GONE = resources("delete", "replace", "delete", "delete")
# name, changes of a unit's own plan, those that the environment plan shows of it, removed units, rules expected
PLANS: list[
    tuple[str, tuple[ResourceChange, ...], tuple[ResourceChange, ...], tuple[str, ...], list[str]]
] = [
    ("nothing", (), (), (), []),
    ("three go", resources("delete", "replace", "delete", "create"), (), (), []),
    ("four go", resources("delete", "replace", "delete", "delete"), (), (), ["deletions"]),
    ("a bucket goes", resources("delete", kind="aws_s3_bucket"), (), (), ["protected"]),
    ("a table is replaced", resources("replace", kind="aws_dynamodb_table"), (), (), ["protected"]),
    ("a bucket changes", resources("update", kind="aws_s3_bucket"), (), (), []),
    ("a removed unit", (), (), ("live/dev/gone",), ["removed-unit"]),
    ("four go downstream", (), GONE, (), ["deletions"]),
    ("two go here, two downstream", GONE[:2], GONE[2:], (), ["deletions"]),
    ("three go, and are seen twice", GONE[:3], GONE[:3], (), []),
    ("a bucket goes downstream", (), resources("replace", kind="aws_s3_bucket"), (), ["protected"]),
]


@pytest.mark.parametrize(
    ("changes", "downstream", "removed", "rules"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS]
)
def test_plans(
    changes: tuple[ResourceChange, ...],
    downstream: tuple[ResourceChange, ...],
    removed: tuple[str, ...],
    rules: list[str],
) -> None:
    plans = PlanSet(
        environment="dev",
        commit="c",
        units=(UnitPlan(unit="live/dev/a", resources=changes),),
        downstream=(UnitPlan(unit="live/dev/a", resources=downstream),),
        removed=removed,
    )
    findings = check_plans(plans)
    assert [finding.rule for finding in findings] == rules
    assert decide(findings, set()).open is (not rules)
    assert decide(findings, {f"approve:{rule}" for rule in rules}).open


@pytest.mark.parametrize("action", ["delete", "replace"])
@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("aws_dynamodb_table", ["protected"]),
        ("aws_iam_openid_connect_provider", ["protected"]),
        ("aws_kms_key", ["protected"]),
        ("aws_s3_bucket", ["protected"]),
        ("snowflake_database", ["protected"]),
        ("snowflake_external_table", ["protected"]),
        ("snowflake_schema", ["protected"]),
        ("snowflake_storage_integration_aws", ["protected"]),
        ("aws_kms_alias", []),
        ("snowflake_stage", []),
    ],
)
def test_what_holds_data_is_not_lost_without_a_word(kind: str, action: str, rules: list[str]) -> None:
    lost = UnitPlan(unit="live/dev/a", resources=resources(action, kind=kind))
    found = check_plans(PlanSet(environment="dev", commit="c", units=(lost,)))
    assert [(finding.rule, finding.place) for finding in found] == [
        (rule, f"live/dev/a {kind}.x0") for rule in rules
    ]


def test_a_plan_made_with_mocks() -> None:
    unit = UnitPlan(unit="live/dev/a", mocked=("aws_sns_topic.a", "variable b"))
    assert check_plans(PlanSet(environment="dev", commit="c", units=(unit,))) == [
        GateFinding("mocks", "live/dev/a aws_sns_topic.a", "planned with mocks in 2 place(s)")
    ]


def test_each_finding_needs_its_own_label() -> None:
    findings = [GateFinding("code", "x", "y"), GateFinding("workflow", "x", "y")]
    verdict = decide(findings, {"approve:code"})
    assert (verdict.open, verdict.missing) == (False, ("approve:workflow",))


def test_other_spellings_ask_for_no_less() -> None:
    """A short run of bench/fuzz_gate.py, which goes on for half an hour."""
    changes = suite()
    assert len(changes) >= 200
    for seed in range(int(os.environ.get("SPELLINGS", "1")) * 250):
        some = random.Random(seed)
        said = fault(some.choice(changes), some)
        assert said is None, f"seed {seed}: {said}"
