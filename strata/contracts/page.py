"""The page of a data set: what files hold, what is checked, and what the table has, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from glue_jobs.contract import Column, Contract
from glue_jobs.formats import TYPES, delimiter_name
from glue_jobs.odcs import SUFFIX
from glue_jobs.rules import shown
from strata.contracts.document import FOLDER, ContractDocument, sound

PAGES = "docs/datasets"


def page(document: ContractDocument) -> str:
    """The page of a contract, in Markdown.

    Raises:
        StrataError: the contract is not sound.
    """
    contract = sound(document)
    file = (FOLDER / f"{contract.dataset}{SUFFIX}").as_posix()
    purpose = (document.content.get("description") or {}).get("purpose", "")
    lines = [
        f"# The data set {contract.dataset}",
        "",
        f"<!-- `strata contract docs` writes this page from {file}: change that. -->",
        "",
        *([purpose, ""] if purpose else []),
        f"Version {document.content['version']}, {document.content['status']}. Its contract is `{file}`;",
        "[datasets](../datasets.md) says how to change it.",
        "",
        "## Files",
        "",
        *_table(["what", "is"], _files(contract)),
        "",
        "## Columns",
        "",
        *_table(["column", "type", "required", "rules", "description"], _columns(document, contract)),
    ]
    if contract.references:
        lines += ["", "## References", "", *_table(["file", "key", "adds", "unknown keys"], _joins(contract))]
    partitions = f"`{contract.date.name}` (date) and `object`"
    lines += [
        "",
        "## Table",
        "",
        f"`curated/{contract.dataset}/`, partitioned by {partitions}. The view of newest rows keeps, of rows",
        f"with the same {_names(contract.key)}, the one of the newest file.",
        "",
        *_table(["column", "type"], ([f"`{found.name}`", found.type] for found in contract.curated)),
    ]
    return "\n".join(lines) + "\n"


def _files(contract: Contract) -> Iterator[list[str]]:
    written = contract.format
    packed = ", plain, `.gz` or `.zst`" if written.is_text else ""
    yield ["keys", f"`{contract.dataset}/…`{packed}"]
    if written.type == "csv":
        lines = "may hold line ends" if written.multi_line else "hold no line ends"
        yield ["format", f"CSV with a header, fields separated by {delimiter_name(written.delimiter)}"]
        yield ["quoted fields", f"between `{written.quote}`; they {lines}"]
    else:
        yield ["format", TYPES[written.type]]
    if written.is_text:
        yield ["encoding", written.encoding]
    nothing = "empty" if written.type == "csv" else "null"
    yield ["missing values", ", ".join([nothing, *(f"`{token}`" for token in contract.null_tokens)])]
    yield ["rows", str(contract.rows)]
    yield ["key", f"{_names(contract.key)}: the first line of a file with it is kept"]
    for together in contract.unique:
        yield ["unique together", _names(together)]
    if contract.freshness_hours is not None:
        yield ["freshness", f"new rows within {contract.freshness_hours} hours, or an alarm is raised"]


def _columns(document: ContractDocument, contract: Contract) -> Iterator[list[str]]:
    said = document.content["schema"][0]["properties"]
    for column, property_ in zip(contract.columns, said, strict=True):
        titled = f"`{column.name}`" + (f", in files `{column.header}`" if column.header else "")
        description = str(property_.get("description", ""))
        required = "no" if column.nullable else "yes"
        yield [titled, column.type, required, "; ".join(_rules(column)), description]


def _rules(column: Column) -> Iterator[str]:
    if column.format is not None:
        yield f"written `{column.format}`"
    if column.zone is not None:
        yield f"times of {column.zone}"
    if column.least is not None:
        yield f"{'more than' if column.least.exclusive else 'at least'} {shown(column.least.value)}"
    if column.most is not None:
        yield f"{'less than' if column.most.exclusive else 'at most'} {shown(column.most.value)}"
    if column.length is not None:
        yield f"{column.length} characters"
    if column.allowed:
        yield f"one of {_names(map(shown, column.allowed))}"
    if column.pattern is not None:
        yield f"matches `{column.pattern}`"
    if column.unique:
        yield "unique in a file"


def _joins(contract: Contract) -> Iterator[list[str]]:
    for reference in contract.references:
        for join in reference.joins:
            adds = ", ".join(f"`{name}` from `{column}`" for name, column in join.adds.items())
            fate = f"quarantined as `{join.reason}`" if join.reason else "kept, with nulls"
            key = f"`{reference.key}`, for `{join.column}`"
            yield [f"`reference/{reference.name}.csv`", key, adds or "nothing", fate]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(titles: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        cells = (cell.replace("|", "\\|").replace("\n", " ") for cell in row)
        yield "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"
