"""The page of what a data contract may say, from what its reader takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from glue_jobs import formats, odcs, odcs_columns, odcs_format, odcs_levels, odcs_rules
from strata.docs.markdown import code, page, table

_DEFAULTS = {
    "type": next(iter(formats.TYPES)),
    "delimiter": formats.ORDINARY.delimiter,
    "quote": formats.ORDINARY.quote,
    "encoding": formats.ORDINARY.encoding,
    "multiLine": str(formats.ORDINARY.multi_line).lower(),
}
_VALUES: dict[str, Iterable[str]] = {
    "type": formats.TYPES,
    "delimiter": formats.DELIMITERS,
    "quote": formats.QUOTES,
    "encoding": formats.ENCODINGS.values(),
    "multiLine": ("false", "true"),
}


def contract_page() -> str:
    """Return docs/reference/contract.md."""
    return page(
        "Fields of a data contract",
        [
            "What `strata contract check` takes in `glue_jobs/contracts/<name>.odcs.yaml`."
            " [Data sets](../datasets.md#what-a-contract-says) says what each does.",
            "## Types",
            table(["logicalType", "physicalType", "without one", "logicalTypeOptions"], _types()),
            "## Quality",
            f"A metric of columns has the threshold `mustBe: 0`, and `rowCount` one of"
            f" {_codes(name for name in odcs_rules.THRESHOLDS if not name.startswith('mustNot'))}.",
            table(
                ["of", "metrics"],
                [
                    ["a column", _codes(odcs_rules.COLUMN_METRICS)],
                    ["the data set", _codes(odcs_rules.TABLE_METRICS)],
                ],
            ),
            f"Columns of type {_codes(odcs_rules.ENUMERABLE)}, `decimal(p,s)` may list allowed values.",
            "## Custom properties",
            table(["of", "properties"], [[of, _codes(names)] for of, names in odcs.CUSTOM.items()]),
            "## The property `format`",
            table(["field", "values", "default", "of files"], _formats()),
            f"Names of packed files end in {_codes(formats.COMPRESSIONS)}.",
            "## Service levels",
            f"`{odcs_levels.FRESHNESS}` has a whole number of {_codes(odcs_levels.HOURS)}, from 1 to"
            f" {odcs_levels.MOST_HOURS} hours. Nothing checks {_codes(odcs_levels.PROMISES)}.",
            "## Names",
            f"Data sets, tables and columns match {code(odcs_columns.NAME.pattern)}. No column is called"
            f" {_codes(sorted(odcs_columns.RESERVED))}, which the platform adds. No column of the data set is"
            f" called by a reserved word of Snowflake: {_codes(sorted(odcs_columns.KEYWORDS))}.",
        ],
    )


def _types() -> Iterator[list[str]]:
    for logical, physical in odcs_columns.LOGICAL.items():
        kinds = odcs_columns.PHYSICAL.get(logical, (str(physical),))
        without = code(physical) if physical else "refused"
        yield [code(logical), _codes(kinds), without, _codes(sorted(odcs_columns.OPTIONS.get(logical, ())))]


def _formats() -> Iterator[list[str]]:
    for field in odcs_format.FIELDS:
        kinds = [kind for kind, fields in odcs_format.FIELDS_OF.items() if field in fields]
        values = _codes("\\t" if value == "\t" else value for value in _VALUES[field])
        yield [code(field), values, code(_DEFAULTS[field]), _codes(kinds)]


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(code(text) for text in texts)
