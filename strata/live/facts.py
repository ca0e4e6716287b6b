"""What an environment's names follow from, read out of its env.hcl."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.remote_state import s3_config

_NEEDED = {
    "project": str,
    "account_id": str,
    "region": str,
    "partition": str,
    "github": dict,
    "snowflake": dict,
}


@dataclass(frozen=True)
class EnvironmentFacts:
    """One environment: where it is, who deploys it, and where its states are."""

    environment: str
    project: str
    account_id: str
    region: str
    partition: str
    owner: str
    owner_id: int
    repository: str
    repository_id: int
    branch: str
    snowflake_organization: str
    snowflake_account: str
    state_bucket: str
    lock_table: str | None
    units: tuple[str, ...]

    @property
    def github_repository(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.repository}"

    @property
    def state_unit(self) -> str | None:
        """The unit that owns the state backend, if there is one."""
        return self._unit("state-backend")

    @property
    def login_unit(self) -> str | None:
        """The unit that owns the OIDC provider and the deployers' roles, if there is one."""
        return self._unit("github-oidc")

    def name(self, thing: str) -> str:
        """`<project>-<thing>-<environment>`."""
        return f"{self.project}-{thing}-{self.environment}"

    def role_arn(self, thing: str) -> str:
        """The ARN of a role by its name."""
        return f"arn:{self.partition}:iam::{self.account_id}:role/{self.name(thing)}"

    def snowflake_user(self, purpose: str) -> str:
        """The Snowflake user of one kind of job: apply, drift or plan."""
        return f"{self.project}_{self.environment}_ci_{purpose}".upper()

    def _unit(self, component: str) -> str | None:
        path = f"live/{self.environment}/{component}"
        return path if path in self.units else None


def environment_facts(tree: LiveTree, environment: str) -> EnvironmentFacts:
    """Read an environment's facts.

    Raises:
        StrataError: the tree cannot be read, or its env.hcl lacks one of them.
    """
    units = tree.units(environment)
    file = tree.root / "live" / environment / "env.hcl"
    found: Mapping[str, Any] = tree.locals([file])[0]
    for name, kind in _NEEDED.items():
        if not isinstance(found.get(name), kind):
            raise StrataError(f"`{name}` is missing", file=file, remedy="add it, as live/dev/env.hcl has it")
    github, snowflake = found["github"], found["snowflake"]
    for name in ("owner", "owner_id", "repository", "repository_id"):
        if name not in github:
            raise StrataError(
                f"`github.{name}` is missing", file=file, remedy="add it, as live/dev/env.hcl has it"
            )
    state = s3_config(tree.render(units[0].path, command="render").remote_state)
    return EnvironmentFacts(
        environment=environment,
        project=found["project"],
        account_id=found["account_id"],
        region=found["region"],
        partition=found["partition"],
        owner=str(github["owner"]),
        owner_id=int(github["owner_id"]),
        repository=str(github["repository"]),
        repository_id=int(github["repository_id"]),
        branch=str(github.get("branch", "main")),
        snowflake_organization=str(snowflake.get("organization", "")),
        snowflake_account=str(snowflake.get("account", "")),
        state_bucket=str(state["bucket"]),
        lock_table=state.get("dynamodb_table"),
        units=tuple(unit.path for unit in units),
    )
