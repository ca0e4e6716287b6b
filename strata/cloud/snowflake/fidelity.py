"""The fidelity page of the embedded Snowflake: `python -m strata.cloud.snowflake.fidelity` prints it.

It is made from translation/contract.toml, by which the translation refuses functions too.
"""

from __future__ import annotations

from typing import Any

from strata.cloud.snowflake.translation import contract


def page() -> str:
    """Return docs/fidelity-snowflake.md."""
    found = contract.read()
    lines = [
        "# Fidelity of the embedded Snowflake",
        "",
        "Made from `strata/cloud/snowflake/translation/contract.toml` by",
        "`python -m strata.cloud.snowflake.fidelity`; a test compares both. The translation of SQL",
        "refuses by the same file.",
        "",
        "- **exact**: the result and its types are those that Snowflake documents; the cases in",
        "  `tests/cloud/snowflake/matrix/` hold it, with results written by hand.",
        "- **partial**: it works, without what the table names.",
        "- **refused**: an error names it: `not implemented by the embedded Snowflake: ...`. A function",
        "  that is not listed is unknown, as it is in Snowflake.",
        "",
        "## Statements",
        "",
        "| statement | | |",
        "|---|---|---|",
    ]
    statements: dict[str, Any] = found["statements"]
    lines += [f"| {name} | exact | |" for names in statements["exact"].values() for name in names]
    lines += [f"| {name} | partial | {text} |" for name, text in statements["partial"].items()]
    lines += [f"| {name} | refused | |" for names in statements["refused"].values() for name in names]
    lines += ["", "## Functions", "", "| function | | |", "|---|---|---|"]
    functions: dict[str, Any] = found["functions"]
    rows = [(name, "exact", "") for names in functions["exact"].values() for name in names]
    rows += [(name, "partial", text) for text, names in functions["partial"].items() for name in names]
    rows += [(name, "refused", "") for names in functions["refused"].values() for name in names]
    lines += [f"| {name} | {state} | {text} |".replace("|  |", "| |") for name, state, text in sorted(rows)]
    lines += ["", "## Clients", "", "Each runs in `tests/cloud/snowflake/clients` or as named.", ""]
    lines += ["| client | | |", "|---|---|---|"]
    lines += [f"| {name} | {state} | {text} |" for name, (state, text) in found["clients"].items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
