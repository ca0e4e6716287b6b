"""The names of an applied environment, read from its units' states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from strata.errors import StrataError
from strata.live import LiveTree

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class EnvironmentAccount:
    """Where an environment lives, as its `env.hcl` says."""

    account_id: str
    region: str


@dataclass(frozen=True)
class PlatformTable:
    """An external table by the parts of its full name."""

    database: str
    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.database}.{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """Its full name, quoted."""
        return f'"{self.database}"."{self.schema}"."{self.name}"'


@dataclass(frozen=True)
class Platform:
    """What the units of one environment made, by the names clients need.

    `external_tables` are sorted by their full names; `reprocess_arn` is None if no machine reprocesses,
    `claims_table` if the machine keeps no claims.
    """

    # The units whose outputs tell.
    COMPONENTS: ClassVar[frozenset[str]] = frozenset({"s3", "snowflake", "stepfunctions"})

    raw_bucket: str
    processed_bucket: str
    state_machine_arn: str
    reprocess_arn: str | None
    external_tables: tuple[PlatformTable, ...]
    reader_role: str
    warehouse: str
    claims_table: str | None = None

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, Mapping[str, Any]]) -> Platform:
        """Build it from the units' outputs.

        Args:
            outputs: component name → output name → value.

        Raises:
            StrataError: a component has not been applied.
        """
        try:
            buckets = outputs["s3"]["bucket_names"]
            snowflake = outputs["snowflake"]
            tables = snowflake["external_tables"]
            return cls(
                raw_bucket=buckets["raw"],
                processed_bucket=buckets["processed"],
                state_machine_arn=outputs["stepfunctions"]["state_machine_arn"],
                reprocess_arn=outputs["stepfunctions"].get("reprocess_state_machine_arn"),
                external_tables=tuple(
                    PlatformTable(table["database"], table["schema"], table["table"])
                    for _, table in sorted(tables.items())
                ),
                reader_role=snowflake["roles"]["READER"],
                warehouse=snowflake["warehouses"]["MAIN"],
                claims_table=outputs["stepfunctions"].get("claims_table_name"),
            )
        except KeyError as error:
            raise StrataError(
                f"the environment is not completely applied: {error} is missing from the states' outputs",
                remedy="apply it with `strata apply`",
            ) from None

    @property
    def database(self) -> str | None:
        """The database of all external tables; None if they are in several."""
        return _only({table.database for table in self.external_tables})

    @property
    def schema(self) -> str | None:
        """The schema of all external tables; None if they are in several."""
        found = _only({(table.database, table.schema) for table in self.external_tables})
        return found and found[1]

    def table(self, dataset: str) -> PlatformTable:
        """The external table of a data set, which has its name in upper case.

        Raises:
            StrataError: not exactly one has it.
        """
        name = dataset.upper()
        found = [table for table in self.external_tables if table.name == name]
        if len(found) != 1:
            known = ", ".join(map(str, self.external_tables)) or "none"
            raise StrataError(
                f"{len(found)} external tables are called {name}, of {known}",
                remedy="name one so in live/_components/snowflake.hcl",
            )
        return found[0]


def _only(values: set[_Value]) -> _Value | None:
    return next(iter(values)) if len(values) == 1 else None


def account_of(tree: LiveTree, environment: str) -> EnvironmentAccount:
    """Read where an environment lives.

    Args:
        tree: the live tree.
        environment: a folder of `live`.

    Raises:
        StrataError: unknown environment, or its configuration does not say.
    """
    unit = tree.units(environment)[0]
    context = tree.config(unit.path, {}, command="init").get("inputs", {}).get("context")
    if not isinstance(context, dict) or not {"account_id", "region"} <= context.keys():
        raise StrataError(
            f"{unit.path} has no input `context` with account_id and region",
            file=unit.file,
            remedy="the root terragrunt.hcl gives it to every unit from env.hcl",
        )
    return EnvironmentAccount(str(context["account_id"]), str(context["region"]))
