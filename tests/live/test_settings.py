"""What an env.hcl may say: each key's limits, the values just inside and just outside."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live.settings import faults, read_fields, version_faults

GOOD: Mapping[str, Any] = {
    "env": "dev",
    "project": "shop",
    "account_id": "111122223333",
    "region": "eu-west-1",
    "partition": "aws",
    "protected": False,
    "modules": "git::https://github.com/example-org/shop.git//modules",
    "versions": {"s3": "local"},
    "github": {"owner": "example-org", "owner_id": 1, "repository": "shop", "repository_id": 2},
    "snowflake": {"organization": "SHOP", "account": "MAIN"},
    "datasets": "all",
    "state": {"lock_table": True},
    "producers": ["arn:aws:iam::111122223333:root"],
    "inspectors": [],
    "administrators": [],
    "disposable": True,
    "subscribers": ["team@example.org"],
    "glue": {
        "max_concurrent_runs": 1,
        "number_of_workers": 2,
        "timeout_minutes": 30,
        "worker_type": "G.1X",
    },
    "lambda": {"architecture": "x86_64"},
    "pipeline": {"await_seconds": 5, "log_level": "ALL"},
    "retention_days": {"access_logs": 90, "logs": 30, "noncurrent": 7},
    "warehouse": {"auto_suspend_seconds": 60, "credits_per_month": 20, "size": "XSMALL"},
}
# key, values that it takes, values that it does not take
ROWS: list[tuple[str, list[Any], list[Any]]] = [
    ("env", ["qa", "a1", "a234567890"], ["d", "Dev", "1dev", "de-v", "a2345678901", "", 5]),
    ("project", ["ab", "a23456789012"], ["a", "Shop", "1shop", "my-shop", "a234567890123", None]),
    ("account_id", ["012345678901"], ["12345678901", "1234567890123", "1111-1111-11", "", 111122223333]),
    ("region", ["us-east-1", "us-gov-west-1", "ap-southeast-2"], ["eu-west", "eu-1", "EU-west-1", "eu-west-1a", "eu-west-10"]),
    ("partition", ["aws-cn", "aws-us-gov"], ["aws-iso", ""]),
    ("protected", [], ["no", 0, None]),
    ("modules", ["git::ssh://git@example.org/a//m"], ["https://example.org/a//m", "git::https://example.org/a", "git::https://h/a//m/s3", "git::https://h/a//m?ref=x", "git:://m"]),
    ("versions.s3", ["v1.2.30"], ["", "main", "feature/x", "4f2a91c", "V1.0.0", "v1.0", "v1.0.0-rc1", "1.0.0", "-x", "a?ref=b", 1]),
    ("github.owner", ["a", "A1-b", "a" * 39], ["", "-a", "a_b", "a.b", "a" * 40]),
    ("github.owner_id", [1, 99999999], [0, -1, "1"]),
    ("github.repository", ["a", "a.b_c-D", "a" * 100], ["", "a/b", "a" * 101]),
    ("github.repository_id", [1], [0, "2"]),
    ("snowflake.organization", ["A", "AB12"], ["", "shop", "1SHOP", "SH_OP"]),
    ("snowflake.account", ["A", "MAIN_2"], ["", "main", "2MAIN", "_MAIN", "MA-IN"]),
    ("datasets", [[], ["a", "line_items", "a" * 63]], ["none", "", None, {"a": 1}, ["A"], ["a-b"], ["a" * 64], [1]]),
    ("state.lock_table", [False], ["true", 1]),
    (
        "producers",
        [
            [],
            ["arn:aws:iam::111122223333:role/a", "arn:aws-cn:sts::111122223333:assumed-role/a/b"],
            ["arn:aws-us-gov:iam::*:user/x"],
        ],
        ["arn:aws:iam::111122223333:root"],
    ),
    ("producers.0", [], ["*", "arn:aws:s3:::bucket", "arn:aws:iam::1:root", "arn:aws:iam::111122223333:", "arn:aws-iso:iam::111122223333:root", "x arn:aws:iam::111122223333:root"]),
    ("inspectors.0", ["arn:aws:iam::*:role/look"], ["*"]),
    ("administrators.0", ["arn:aws:iam::*:role/admin"], ["*"]),
    ("disposable", [False], ["yes"]),
    ("subscribers.0", ["anything"], [5]),
    ("glue.max_concurrent_runs", [1, 1000], [0, 1001, "1", 1.5]),
    ("glue.number_of_workers", [2, 299], [1, 300]),
    ("glue.timeout_minutes", [1, 2880], [0, 2881]),
    ("glue.worker_type", ["G.025X", "G.1X", "G.2X", "G.4X", "G.8X"], ["G.16X", "Standard"]),
    ("lambda.architecture", ["x86_64", "arm64"], ["amd64"]),
    ("pipeline.await_seconds", [1, 300], [0, 301]),
    ("pipeline.log_level", ["ALL", "ERROR", "FATAL", "OFF"], ["WARN", "all"]),
    ("retention_days.access_logs", [1, 3653], [0, 3654]),
    ("retention_days.noncurrent", [1, 3653], [0, 3654]),
    (
        "retention_days.logs",
        [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
        [0, 2, 10, 366, 3654, "30"],
    ),
    ("warehouse.auto_suspend_seconds", [30, 86400], [29, 86401]),
    ("warehouse.credits_per_month", [1, 10**6], [0]),
    ("warehouse.size", ["XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "XXLARGE", "XXXLARGE"], ["TINY", "xsmall", "X4LARGE"]),
]  # fmt: skip


def changed(key: str, value: Any) -> dict[str, Any]:
    """The good settings with one value, by its dotted key."""
    found = copy.deepcopy(dict(GOOD))
    *path, last = key.split(".")
    inner: Any = found
    for step in path:
        inner = inner[step]
    if isinstance(inner, list):
        inner[:] = [value]
    else:
        inner[last] = value
    return found


def told(values: Mapping[str, Any], fields: Any = None) -> list[tuple[tuple[str, ...], str]]:
    """The faults, without what to do about them."""
    return [(fault.path, fault.message) for fault in faults(values, fields)]


def test_what_is_good_has_no_fault() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(("key", "taken", "refused"), ROWS, ids=[row[0] for row in ROWS])
def test_the_limits_of_a_key(key: str, taken: list[Any], refused: list[Any]) -> None:
    for value in taken:
        assert faults(changed(key, value)) == [], value
    for value in refused:
        found = faults(changed(key, value))
        assert [".".join(path) for path, _, _ in found] == [key], value
        assert all(f"`{key}`" in text for _, text, _ in found)


@pytest.mark.parametrize(
    "key", [key for key in dict.fromkeys(row[0] for row in ROWS) if not key.endswith(".0")]
)
def test_a_key_that_is_missing(key: str) -> None:
    found = copy.deepcopy(dict(GOOD))
    *path, last = key.split(".")
    inner: Any = found
    for step in path:
        inner = inner[step]
    del inner[last]
    expected = [] if key == "versions.s3" else [(tuple(key.split(".")), f"`{key}` is missing")]
    assert told(found) == expected


@pytest.mark.parametrize(
    "part",
    ["", "github.", "snowflake.", "state.", "glue.", "lambda.", "pipeline.", "retention_days.", "warehouse."],
)
def test_a_key_that_nobody_knows(part: str) -> None:
    key = f"{part}colour"
    assert told(changed(key, "red")) == [(tuple(key.split(".")), f"`{key}` is not a key that env.hcl knows")]


def test_the_account_of_mocks_is_nobodys() -> None:
    assert told(changed("account_id", "000000000000")) == [
        (
            ("account_id",),
            "`account_id`: is the account of mock outputs: no environment lives there (it is '000000000000')",
        )
    ]


@pytest.mark.parametrize(
    ("protected", "disposable", "refused"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_a_protected_environment_keeps_its_buckets(protected: bool, disposable: bool, refused: bool) -> None:
    found = told({**GOOD, "protected": protected, "disposable": disposable})
    text = "a protected environment's buckets are not deleted with their content"
    assert found == ([(("disposable",), text)] if refused else [])


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("glue.number_of_workers", 1, "`glue.number_of_workers`: input should be greater than or equal to 2 (it is 1)"),
        ("partition", "x", "`partition`: input should be 'aws', 'aws-cn' or 'aws-us-gov' (it is 'x')"),
        ("glue.max_concurrent_runs", 1.5, "`glue.max_concurrent_runs`: input should be a valid integer (it is 1.5)"),
        ("project", True, "`project`: input should be a valid string (it is True)"),
        ("subscribers", None, "`subscribers`: input should be a valid list"),
        ("github", [], "`github`: input should be a valid dictionary or instance of Github"),
    ],
)  # fmt: skip
def test_how_a_fault_is_said(key: str, value: Any, text: str) -> None:
    assert told(changed(key, value)) == [(tuple(key.split(".")), text)]


def test_every_fault_is_said() -> None:
    found = faults({**GOOD, "region": "x", "glue": {}})
    assert [".".join(path) for path, _, _ in found] == [
        "region",
        "glue.max_concurrent_runs",
        "glue.number_of_workers",
        "glue.timeout_minutes",
        "glue.worker_type",
    ]


FIELDS = """
variable "cost_center" {
  type     = string
  nullable = false
}

variable "budget" {
  type    = object({ monthly = number, currency = optional(string) })
  default = null
}

variable "anything" {
  default = 1
}
"""


def declared(root: Path, text: str = FIELDS) -> Path:
    (root / "live").mkdir()
    (root / "live" / "env-fields.tf").write_text(text)
    return root


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"cost_center": "a"}, []),
        ({"cost_center": "a", "budget": {"monthly": 5}, "anything": [1]}, []),
        ({"cost_center": "a", "budget": None}, []),
        ({}, [(("cost_center",), "`cost_center` is missing")]),
        ({"cost_center": None}, [(("cost_center",), "`cost_center` must not be null")]),
        ({"cost_center": 7}, [(("cost_center",), "`cost_center` must be a string, not 7")]),
        (
            {"cost_center": "a", "budget": {"monthly": "5", "curency": "EUR"}},
            [
                (("budget", "monthly"), '`budget.monthly` must be a number, not "5"'),
                (("budget", "curency"), "`budget.curency` is not an attribute of the type"),
            ],
        ),
        (
            {"cost_center": "a", "cost_centre": "b"},
            [(("cost_centre",), "`cost_centre` is not a key that env.hcl knows")],
        ),
    ],
)
def test_a_repository_says_which_fields_it_adds(
    tmp_path: Path, more: dict[str, Any], expected: list[tuple[tuple[str, ...], str]]
) -> None:
    assert told({**GOOD, **more}, read_fields(declared(tmp_path))) == expected


def test_a_repository_need_not_add_any(tmp_path: Path) -> None:
    assert read_fields(tmp_path) == {}


@pytest.mark.parametrize("name", ["region", "lambda"])
def test_a_field_of_every_repository_is_not_declared_again(tmp_path: Path, name: str) -> None:
    with pytest.raises(StrataError) as caught:
        read_fields(declared(tmp_path, f'\nvariable "{name}" {{\n}}\n'))
    assert str(caught.value) == (
        f"live/env-fields.tf:2: `{name}` is a field of every env.hcl (give yours another name)"
    )


SCHEMA = "see the schema strata/live/settings.py"
# a key with its value, or none; what to do about it
REMEDIES: list[tuple[str, Any, str]] = [
    ("glue.worker_kind", "G.1X", "did you mean worker_type?"),
    ("lambda.architektur", "x", "did you mean architecture?"),
    ("snowflake.colour", 1, "there are account, organization"),
    ("regoin", "x", "did you mean region?"),
    ("cost_centre", "x", "did you mean cost_center?"),
    ("zzz", 1, "there are account_id, administrators, anything, budget, cost_center, datasets, disposable, env, freeze, github, glue, inspectors and more, or declare it in live/env-fields.tf"),
    ("region", "x", SCHEMA),
    ("glue.number_of_workers", 0, SCHEMA),
    ("disposable", None, SCHEMA),
    ("pipeline.log_level", ..., f"add it: {SCHEMA}"),
    ("cost_center", ..., "add it: see live/env-fields.tf:2"),
    ("cost_center", None, "see live/env-fields.tf:2"),
    ("budget", {"monthly": "5"}, "see live/env-fields.tf:7"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "remedy"), REMEDIES)
def test_what_to_do_about_a_fault(key: str, value: Any, remedy: str, tmp_path: Path) -> None:
    fields = read_fields(declared(tmp_path))
    values = changed(key, value)
    values.setdefault("cost_center", "a")
    *path, last = key.split(".")
    if value is ...:
        del (values[path[0]] if path else values)[last]
    assert [fault.remedy for fault in faults(values, fields)] == [remedy]


def test_a_key_of_a_freeze_that_nobody_knows() -> None:
    freeze = {"from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "reason": "x", "untill": "y"}
    assert faults({**GOOD, "freeze": [freeze]}) == [
        (
            ("freeze", "0", "untill"),
            "`freeze.0.untill` is not a key that env.hcl knows",
            "did you mean until?",
        )
    ]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ({"glue": "local", "s3": "v1.0.0"}, []),
        (
            {"gleu": "local"},
            [(("versions", "gleu"), "`versions.gleu` is not a module", "did you mean glue?")],
        ),
        ({"x": "local"}, [(("versions", "x"), "`versions.x` is not a module", "there are glue, s3")]),
        # It was released, and is gone since then.
        ({"old": "v1.0.0"}, []),
        ("local", []),
        (None, []),
    ],
)
def test_versions_are_of_modules(versions: Any, expected: list[Any], tmp_path: Path) -> None:
    assert list(version_faults(tmp_path, {"versions": versions})) == []
    for name in ("glue", "s3"):
        (tmp_path / "modules" / name).mkdir(parents=True)
        (tmp_path / "modules" / name / "main.tf").touch()
    if versions != {"old": "v1.0.0"}:
        assert list(version_faults(tmp_path, {"versions": versions})) == expected
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (["init", "-q"], [*author, "commit", "-qm", "x", "--allow-empty"], ["tag", "old/v1.0.0"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert list(version_faults(tmp_path, {"versions": versions})) == expected
