"""What an environment's names follow from: read from its env.hcl, and what is said where a key is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.facts import EnvironmentFacts, environment_facts

ROOT = Path("/checkout")
SETTINGS: Mapping[str, Any] = {
    "project": "shop",
    "account_id": "111122223333",
    "region": "us-gov-west-1",
    "partition": "aws-us-gov",
    "github": {"owner": "o", "owner_id": 1, "repository": "r", "repository_id": 2, "branch": "trunk"},
    "snowflake": {"organization": "ORG", "account": "ACC"},
}
STATE = {"backend": "s3", "config": {"bucket": "states", "key": "k", "dynamodb_table": "locks"}}


class Tree:
    """A tree of which the environment's locals and its first unit's state are known."""

    def __init__(self, settings: Mapping[str, Any], state: Mapping[str, Any], *units: str) -> None:
        self.root = ROOT
        self._settings = settings
        self._state = state
        self._units = [f"live/dev/{name}" for name in units or ("s3",)]

    def units(self, environment: str) -> list[Any]:
        assert environment == "dev"
        return [SimpleNamespace(path=path) for path in self._units]

    def locals(self, files: list[Path]) -> list[Any]:
        assert files == [ROOT / "live/dev/env.hcl"]
        return [self._settings]

    def render(self, path: str, *, command: str) -> Any:
        assert (path, command) == (self._units[0], "render")
        return SimpleNamespace(remote_state=self._state)


def read(settings: Mapping[str, Any] = SETTINGS, state: Any = STATE, *units: str) -> EnvironmentFacts:
    tree: Any = Tree(settings, state, *units)
    return environment_facts(tree, "dev")


def test_the_facts_of_an_environment() -> None:
    assert read() == EnvironmentFacts(
        environment="dev",
        project="shop",
        account_id="111122223333",
        region="us-gov-west-1",
        partition="aws-us-gov",
        owner="o",
        owner_id=1,
        repository="r",
        repository_id=2,
        branch="trunk",
        snowflake_organization="ORG",
        snowflake_account="ACC",
        state_bucket="states",
        lock_table="locks",
        units=("live/dev/s3",),
    )


def test_what_a_key_that_is_absent_means() -> None:
    github = {name: value for name, value in SETTINGS["github"].items() if name != "branch"}
    found = read(
        {**SETTINGS, "github": github, "snowflake": {}},
        {"backend": "s3", "config": {"bucket": "b", "key": "k"}},
    )
    assert (found.branch, found.snowflake_organization, found.snowflake_account) == ("main", "", "")
    assert found.lock_table is None


def test_the_names_that_follow() -> None:
    facts = read()
    assert facts.github_repository == "o/r"
    assert facts.name("glue") == "shop-glue-dev"
    assert facts.role_arn("apply") == "arn:aws-us-gov:iam::111122223333:role/shop-apply-dev"
    assert [facts.snowflake_user(job) for job in ("apply", "plan")] == [
        "SHOP_DEV_CI_APPLY",
        "SHOP_DEV_CI_PLAN",
    ]


@pytest.mark.parametrize(
    ("units", "state", "login"),
    [
        (("s3",), None, None),
        (("github-oidc", "state-backend"), "live/dev/state-backend", "live/dev/github-oidc"),
        (("group/state-backend", "my-github-oidc"), None, None),
    ],
)
def test_the_units_that_own_state_and_login(
    units: tuple[str, ...], state: str | None, login: str | None
) -> None:
    facts = read(SETTINGS, STATE, *units)
    assert (facts.state_unit, facts.login_unit) == (state, login)


@pytest.mark.parametrize("name", list(SETTINGS))
@pytest.mark.parametrize("value", [None, 5, []])
def test_a_key_that_is_missing_or_of_another_type(name: str, value: Any) -> None:
    with pytest.raises(StrataError) as caught:
        read({**SETTINGS, name: value})
    assert caught.value.message == f"`{name}` is missing"
    assert caught.value.file == "/checkout/live/dev/env.hcl"
    assert caught.value.remedy == "add it, as live/dev/env.hcl has it"


@pytest.mark.parametrize("name", ["owner", "owner_id", "repository", "repository_id"])
def test_a_key_of_github_that_is_missing(name: str) -> None:
    github = {key: value for key, value in SETTINGS["github"].items() if key != name}
    with pytest.raises(StrataError) as caught:
        read({**SETTINGS, "github": github})
    assert caught.value.message == f"`github.{name}` is missing"
    assert caught.value.file == "/checkout/live/dev/env.hcl"


def test_a_state_of_another_backend_is_refused() -> None:
    with pytest.raises(StrataError, match="this unit's backend is gcs"):
        read(SETTINGS, {"backend": "gcs", "config": {}})


def test_the_facts_come_from_the_files(load: Callable[..., LiveTree]) -> None:
    github = 'github = { owner = "o", owner_id = "1", repository = "r", repository_id = 2 }'
    tree = load(
        {
            "live/dev/env.hcl": f"""
                locals {{
                  project    = "shop"
                  account_id = "111122223333"
                  region     = "eu-west-1"
                  partition  = "aws"
                  {github}
                  snowflake  = {{ account = upper("acc") }}
                }}
            """,
            "live/dev/a/terragrunt.hcl": """
                dependency "b" { config_path = "../b" }
                remote_state {
                  backend = "s3"
                  config  = { bucket = join("-", ["states", "dev"]), key = "k" }
                }
                inputs = { b = dependency.b.outputs.x }
            """,
            "live/dev/b/terragrunt.hcl": """
                remote_state {
                  backend = "s3"
                  config  = { bucket = "first", key = "k" }
                }
            """,
        }
    )
    facts = environment_facts(tree, "dev")
    assert (facts.owner_id, facts.snowflake_account, facts.state_bucket) == (1, "ACC", "first")
    assert facts.units == ("live/dev/b", "live/dev/a")
