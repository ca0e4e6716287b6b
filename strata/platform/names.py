"""The names of an applied environment, read from its units' states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from strata.errors import StrataError
from strata.live import LiveTree

# What clients ask: other external tables may be beside it.
_TABLE = "FLIGHTS"


@dataclass(frozen=True)
class EnvironmentAccount:
    """Where an environment lives, as its `env.hcl` says."""

    account_id: str
    region: str


@dataclass(frozen=True)
class Platform:
    """What the units of one environment made, by the names clients need."""

    # The units whose outputs tell.
    COMPONENTS: ClassVar[frozenset[str]] = frozenset({"s3", "snowflake", "stepfunctions"})

    raw_bucket: str
    processed_bucket: str
    state_machine_arn: str
    database: str
    schema: str
    external_table: str
    current_view: str
    reader_role: str
    warehouse: str

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, Mapping[str, Any]]) -> Platform:
        """Build it from the units' outputs.

        Args:
            outputs: component name → output name → value.

        Raises:
            StrataError: a component has not been applied, or not one external table has the flights' name.
        """
        try:
            buckets = outputs["s3"]["bucket_names"]
            snowflake = outputs["snowflake"]
            table = _flights(snowflake["external_tables"])
            return cls(
                raw_bucket=buckets["raw"],
                processed_bucket=buckets["processed"],
                state_machine_arn=outputs["stepfunctions"]["state_machine_arn"],
                database=table["database"],
                schema=table["schema"],
                external_table=table["table"],
                current_view=table["view"],
                reader_role=snowflake["roles"]["READER"],
                warehouse=snowflake["warehouses"]["MAIN"],
            )
        except KeyError as error:
            raise StrataError(
                f"the environment is not wholly applied: {error} is missing from the states' outputs",
                remedy="apply it with `strata apply`",
            ) from None


def _flights(tables: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The table of the flights among all external tables, by their full names."""
    found = [table for table in tables.values() if table["table"] == _TABLE]
    if len(found) != 1:
        raise StrataError(
            f"{len(found)} external tables are called {_TABLE}, of {', '.join(sorted(tables)) or 'none'}",
            remedy="name one so in live/_components/snowflake.hcl",
        )
    return found[0]


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
