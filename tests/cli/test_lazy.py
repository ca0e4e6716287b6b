"""What a command's file lacks is said with its name, and not by a traceback."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from strata.cli import lazy
from strata.cli.app import run
from strata.cli.lazy import LazyGroup
from strata.errors import StrataError

RUN = "def run() -> None:\n    pass\n"
NO_DOCSTRING = "error: {file}:1: the file has no docstring (begin it with one: it is the help)\n"


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ('"""Do it.\n\nThen more."""\n', "Do it.\n\nThen more."),
        ('# A comment.\n\n"""Do it."""\n', "Do it."),
        ("", None),
        (RUN, None),
        ('def run() -> None:\n    """Not the file\'s."""\n', None),
    ],
)
def test_the_docstring_of_a_command(text: str, help_: str | None, tmp_path: Path) -> None:
    (tmp_path / "make_it.py").write_text(text)
    if help_ is not None:
        assert {name: one.help for name, one in LazyGroup(folder=tmp_path).commands.items()} == {
            "make-it": help_
        }
        return
    with pytest.raises(StrataError) as caught:
        LazyGroup(folder=tmp_path)
    assert f"error: {caught.value}\n" == NO_DOCSTRING.format(file=tmp_path / "make_it.py")


def test_a_group_without_a_docstring(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/__init__.py").touch()
    with pytest.raises(StrataError, match=r"parts/__init__\.py:1: the file has no docstring"):
        LazyGroup(folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (RUN, "the file has no EXAMPLES (add it: command lines, which end the help)"),
        ("EXAMPLES = ()\n", "the file has no run (add it: a function with the arguments and options)"),
    ],
)
def test_what_a_command_lacks(
    text: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = ModuleType("down", '"""Stop it."""')
    module.__file__ = str(Path(lazy.__file__).with_name("commands") / "down.py")
    exec(text, vars(module))
    monkeypatch.setattr(importlib, "import_module", lambda name: module)
    assert run(["down", "--help"]) == 1
    assert capsys.readouterr().err == f"error: strata/cli/commands/down.py:1: {says}\n"
