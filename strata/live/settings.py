"""What an environment's `env.hcl` says: the schema of its locals, each fault with the line it is on.

The schema has the fields that the library and this live tree use. A repository declares further ones, as
Terraform's variables, in `live/env-fields.tf`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from strata.errors import StrataError, did_you_mean
from strata.hcl.conversion import faults as type_faults
from strata.live.discovery import LIVE
from strata.modules.interface import Variable, read_module
from strata.modules.repository import FOLDER, Repository

FIELDS_FILE = "env-fields.tf"

_Retention = Annotated[int, Field(ge=1, le=3653)]
# CloudWatch Logs takes these numbers of days only.
_LogDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
_Arn = Annotated[str, Field(pattern=r"^arn:(aws|aws-cn|aws-us-gov):(iam|sts)::(\d{12}|\*):.+$")]
_DATASET = "[a-z][a-z0-9_]{0,62}"
_Ref = Annotated[str, Field(pattern=r"^(local|v\d+\.\d+\.\d+)$")]
# As `timestamp()` writes it.
_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"


# Where the fields that every env.hcl has are described.
_SCHEMA = "strata/live/settings.py"


class SettingsFault(NamedTuple):
    """What is wrong with an `env.hcl`: the path of the key, what it is, and what to do."""

    path: tuple[str, ...]
    message: str
    remedy: str


class _SettingsPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Freeze(_SettingsPart):
    """A time in which nothing is applied."""

    from_: Annotated[str, Field(alias="from", pattern=_TIME)]
    """When it begins, in UTC."""
    until: Annotated[str, Field(pattern=_TIME)]
    """When it ends, in UTC."""
    reason: Annotated[str, Field(min_length=1)]
    """Why, for whoever is refused."""

    @property
    def begins(self) -> datetime:
        """When it begins."""
        return datetime.fromisoformat(self.from_)

    @property
    def ends(self) -> datetime:
        """When it ends."""
        return datetime.fromisoformat(self.until)

    @model_validator(mode="after")
    def _in_order(self) -> Freeze:
        if self.begins >= self.ends:
            raise ValueError("until is not after from")
        return self


class Github(_SettingsPart):
    """Who deploys: names and the ids that survive a rename."""

    owner: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}$")]
    """The organization or user of the repository."""
    owner_id: Annotated[int, Field(gt=0)]
    """Its number: `gh api repos/OWNER/REPO --jq .owner.id`."""
    repository: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
    """The repository, without its owner."""
    repository_id: Annotated[int, Field(gt=0)]
    """Its number: `gh api repos/OWNER/REPO --jq .id`."""


class Snowflake(_SettingsPart):
    """The Snowflake account: `<organization>-<account>`."""

    organization: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*$")]
    """The organization that the account belongs to."""
    account: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
    """The account's name within the organization."""


class StateSettings(_SettingsPart):
    """How the state is locked."""

    lock_table: bool
    """Whether a DynamoDB table locks the state beside the lock file in S3."""


class Glue(_SettingsPart):
    """The size of the Glue jobs."""

    max_concurrent_runs: Annotated[int, Field(ge=1, le=1000)]
    """How many runs of one job may go on at once."""
    number_of_workers: Annotated[int, Field(ge=2, le=299)]
    """How many workers a run has."""
    timeout_minutes: Annotated[int, Field(ge=1, le=2880)]
    """When a run is stopped."""
    worker_type: Literal["G.025X", "G.1X", "G.2X", "G.4X", "G.8X"]
    """The size of a worker."""


class Lambda(_SettingsPart):
    """What the functions run on."""

    architecture: Literal["x86_64", "arm64"]
    """The processor of the functions; their layer's wheels are for it."""


class Pipeline(_SettingsPart):
    """How the state machine waits and what it logs."""

    await_seconds: Annotated[int, Field(ge=1, le=300)]
    """How long an execution waits before it looks again whether another one holds its object."""
    log_level: Literal["ALL", "ERROR", "FATAL", "OFF"]
    """What the state machine writes to its log."""


class RetentionDays(_SettingsPart):
    """Days that logs and old versions are kept."""

    access_logs: _Retention
    """Of the logs of access to the buckets."""
    logs: _LogDays
    """Of the log groups in CloudWatch."""
    noncurrent: _Retention
    """Of the versions of objects that newer ones have replaced."""


class WarehouseSettings(_SettingsPart):
    """The size of the Snowflake warehouse."""

    auto_suspend_seconds: Annotated[int, Field(ge=30, le=86400)]
    """How long the warehouse stays up without a query."""
    credits_per_month: Annotated[int, Field(ge=1)]
    """At how many credits in a month the resource monitor suspends it."""
    size: Literal["XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "XXLARGE", "XXXLARGE"]
    """The size of the warehouse."""


class Settings(_SettingsPart):
    """The locals of an `env.hcl` that every repository has."""

    env: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,9}$")]
    """The environment's name, which is its folder's."""
    project: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,11}$")]
    """The first part of all names."""
    account_id: Annotated[str, Field(pattern=r"^\d{12}$")]
    """The AWS account, one for each environment."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    """The AWS region."""
    partition: Literal["aws", "aws-cn", "aws-us-gov"]
    """The AWS partition, the second part of an ARN."""
    protected: bool
    """Whether only released modules run here and buckets are kept."""
    modules: Annotated[str, Field(pattern=r"^git::.+//[^/?]+$")]
    """Where released modules come from: a Git URL, as Terraform takes it."""
    versions: dict[str, _Ref]
    """Module → the release that runs here, or `local` for the working tree."""
    github: Github
    snowflake: Snowflake
    datasets: Any
    """`"all"` contracts of `glue_jobs/contracts`, or a list of names."""
    state: StateSettings
    producers: list[_Arn]
    """ARNs of those who put objects into the raw bucket; wildcards allowed."""
    inspectors: list[_Arn]
    """ARNs of those who read what the pipeline made, its quarantine included."""
    administrators: list[_Arn]
    """ARNs of those who manage buckets beside the apply role, and read no data."""
    disposable: bool
    """Whether a destroy may delete buckets with what is in them."""
    freeze: list[Freeze] = []
    """Times in which CI applies nothing."""
    subscribers: list[str]
    """E-mail addresses that the topic of failures writes to."""
    glue: Glue
    # `lambda` is a word of Python's.
    lambda_: Annotated[Lambda, Field(alias="lambda")]
    pipeline: Pipeline
    retention_days: RetentionDays
    warehouse: WarehouseSettings

    @field_validator("datasets")
    @classmethod
    def _all_or_names(cls, value: object) -> object:
        names = value if isinstance(value, list) else [None]
        if value != "all" and not all(isinstance(n, str) and re.fullmatch(_DATASET, n) for n in names):
            raise ValueError('must be "all" or a list of names of data sets')
        return value

    @field_validator("account_id")
    @classmethod
    def _not_the_sentinel(cls, value: str) -> str:
        if value == "0" * 12:
            raise ValueError("is the account of mock outputs: no environment lives there")
        return value

    @model_validator(mode="after")
    def _protected_is_kept(self) -> Settings:
        if self.protected and self.disposable:
            raise ValueError(
                "disposable: a protected environment's buckets are not deleted with their content"
            )
        return self


def read_fields(root: Path) -> Mapping[str, Variable]:
    """The fields that a repository adds: in `live/env-fields.tf`, a variable each.

    Raises:
        StrataError: the file has a syntax error or declares a field twice, or one that every env.hcl has.
    """
    file = root / LIVE / FIELDS_FILE
    if not file.is_file():
        return {}
    declared = read_module(LIVE, {FIELDS_FILE: file.read_bytes()}, LIVE).variables
    for name, variable in declared.items():
        if name in _OWN:
            raise StrataError(
                f"`{name}` is a field of every env.hcl",
                file=variable.file,
                line=variable.line,
                remedy="give yours another name",
            )
    return declared


def faults(values: Mapping[str, Any], fields: Mapping[str, Variable] | None = None) -> list[SettingsFault]:
    """What is wrong with an environment's locals.

    Args:
        values: the evaluated locals of an `env.hcl`.
        fields: those that the repository adds.
    """
    fields = fields or {}
    found = list(_field_faults(values, fields))
    try:
        Settings.model_validate({name: value for name, value in values.items() if name not in fields})
    except ValidationError as error:
        found += [_fault(item, fields) for item in error.errors(include_url=False, include_context=False)]
    return found


def version_faults(root: Path, values: Mapping[str, Any]) -> Iterator[SettingsFault]:
    """Versions in an `env.hcl` of what is not a module of the repository, and was not released from it."""
    versions = values.get("versions")
    if not isinstance(versions, dict) or not (root / FOLDER).is_dir():
        return
    repository = Repository(root)
    modules = repository.names()
    for name in versions:
        if name not in modules and not _is_released(repository, name):
            yield SettingsFault(
                ("versions", name), f"`versions.{name}` is not a module", did_you_mean(name, modules)
            )


def _is_released(repository: Repository, name: str) -> bool:
    try:
        return bool(repository.released(name))
    except StrataError:
        # Without Git nothing was.
        return False


def _field_faults(values: Mapping[str, Any], fields: Mapping[str, Variable]) -> Iterator[SettingsFault]:
    for name, field in fields.items():
        remedy = f"see {field.file}:{field.line}"
        if name not in values:
            if field.default is None:
                yield SettingsFault((name,), f"`{name}` is missing", f"add it: {remedy}")
        elif values[name] is None:
            if not field.nullable:
                yield SettingsFault((name,), f"`{name}` must not be null", remedy)
        elif field.type is not None:
            for path, fault in type_faults(values[name], field.type, strict=True):
                yield SettingsFault((name, *path), f"`{'.'.join((name, *path))}` {fault}", remedy)


_OWN = {field.alias or name for name, field in Settings.model_fields.items()}


def _fault(item: Any, fields: Mapping[str, Variable]) -> SettingsFault:
    path = tuple(str(step) for step in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    remedy = f"see the schema {_SCHEMA}"
    if not path:
        # A rule about several keys begins with the one to look at.
        key, _, message = message.partition(": ")
        return SettingsFault((key,), message, remedy)
    named = ".".join(path)
    match item["type"]:
        case "missing":
            return SettingsFault(path, f"`{named}` is missing", f"add it: {remedy}")
        case "extra_forbidden":
            remedy = did_you_mean(path[-1], _known(path[:-1]) if path[1:] else {*_OWN, *fields})
            if not path[1:] and not remedy.endswith("?"):
                remedy += f", or declare it in {LIVE}/{FIELDS_FILE}"
            return SettingsFault(path, f"`{named}` is not a key that env.hcl knows", remedy)
    given = item["input"]
    shown = f" (it is {given!r})" if isinstance(given, str | int | float | bool) else ""
    return SettingsFault(path, f"`{named}`: {message[0].lower()}{message[1:]}{shown}", remedy)


def _known(path: tuple[str, ...]) -> set[str]:
    """The keys of a nested part of the schema."""
    part: Any = Settings
    for step in path:
        if step.isdigit():
            part = get_args(part)[0]
            continue
        part = next(
            field for name, field in part.model_fields.items() if step in (name, field.alias)
        ).annotation
    return {field.alias or name for name, field in part.model_fields.items()}
