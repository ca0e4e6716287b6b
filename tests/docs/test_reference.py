"""The reference pages are those of the code, and say what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from strata.cli.app import app, run
from strata.docs import reference
from strata.docs.fields import fields_table
from strata.docs.markdown import code, page, table


def test_the_pages_are_up_to_date(root: Path) -> None:
    for place, text in reference.pages(app).items():
        assert (root / place).read_text(encoding="utf-8") == text, place


def test_every_command_has_its_part(root: Path) -> None:
    text = (root / "docs/reference/commands.md").read_text()
    commands = root / "strata/cli/commands"
    for file in commands.rglob("*.py"):
        words = " ".join(file.relative_to(commands).with_suffix("").parts).replace("_", "-")
        assert (f"\n## strata {words}\n" in text) == (file.name != "__init__.py"), words


@pytest.mark.parametrize(
    "row",
    [
        "| `string` | `string` | `string` | `maxLength`, `minLength`, `pattern` |",
        "| `boolean` | `boolean` | `boolean` |  |",
        "| a column | `invalidValues`, `duplicateValues` |",
        "| `delimiter` | `,`, `;`, `\\t`, `\\|` | `,` | `csv` |",
        "| `encoding` | `UTF-8`, `UTF-16`, `UTF-16LE`, `UTF-16BE`, `ISO-8859-1`, `ISO-8859-15`, `windows-1252`"
        " | `UTF-8` | `csv`, `json` |",
    ],
)
def test_a_contract_may_say(root: Path, row: str) -> None:
    assert row in (root / "docs/reference/contract.md").read_text().splitlines()


def test_pages_that_are_out_of_date_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "strata.cli.commands.docs.reference"
    monkeypatch.setattr(f"{command}.pages", lambda app: {"docs/reference/a.md": "new\n"})
    monkeypatch.setattr(f"{command}.repository_root", lambda: tmp_path)
    said = []
    for arguments in (["--check"], [], ["--check"]):
        code_ = run(["docs", "reference", *arguments])
        said.append((code_, capsys.readouterr().out))
    assert said == [
        (1, "not up to date: docs/reference/a.md\n"),
        (0, "wrote: docs/reference/a.md\n"),
        (0, "1 file is up to date\n"),
    ]
    assert (tmp_path / "docs/reference/a.md").read_text() == "new\n"


class Inner(BaseModel):
    """One of several."""

    kind: Literal["a", "b"]
    days: Annotated[int, Field(ge=1)] = 7


class Outer(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    name: Annotated[str, Field(pattern="^[a-z]+$")]
    """Its name."""
    ids: list[Annotated[int, Field(gt=0)]] = []
    size: Annotated[int, Field(ge=1, le=9)]
    one: Inner | None = None
    """The one."""
    many: dict[str, Inner]
    rows: list[Inner]
    on: bool
    text: int | str
    only: Literal[1]
    from_: Annotated[str, Field(alias="from")]


def test_the_fields_of_a_model() -> None:
    inner = [
        '| `{0}.kind` | `"a"`, `"b"` |  |',
        "| `{0}.days` | integer, at least 1 | Default: `7`. |",
    ]
    assert fields_table(Outer).splitlines() == [
        "| field | values | means |",
        "|---|---|---|",
        "| `name` | string `^[a-z]+$` | Its name. |",
        "| `ids` | list of: integer above 0 | Default: `[]`. |",
        "| `size` | integer, 1 to 9 |  |",
        "| `one` | object | The one. Optional. |",
        *(line.format("one") for line in inner),
        "| `many` | map of: object | One of several. |",
        *(line.format("many.*") for line in inner),
        "| `rows` | list of: object | One of several. |",
        *(line.format("rows[]") for line in inner),
        "| `on` | boolean |  |",
        "| `text` | integer or string |  |",
        "| `only` | `1` |  |",
        "| `from` | string |  |",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", ""), ("a b", "`a b`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("a`", "`` a` ``")],
)
def test_code_within_a_line(text: str, shown: str) -> None:
    assert code(text) == shown


def test_a_table_keeps_its_shape() -> None:
    assert table(["a", "b"], [["x|y", "two\n lines"]]) == "| a | b |\n|---|---|\n| x\\|y | two lines |\n"
    assert table(["a"], []) == ""


def test_a_page_leaves_out_empty_parts() -> None:
    generated = "Generated from the code by `strata docs reference`; a test compares both."
    assert page("T", ["", "one\n", "  "]) == f"# T\n\n{generated}\n\none\n"
