"""Commands as files of a folder, each imported when it runs or shows its own help."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from strata.errors import StrataError

_HERE = Path(__file__).parent
_DOCSTRING = re.compile(r'(?:\s*#[^\n]*\n)*\s*"""(?P<text>.*?)"""', re.DOTALL)


class LazyGroup(TyperGroup):
    """The commands and groups of a folder below `strata/cli/commands`.

    `plan_summary.py` is the command `plan-summary`. Its docstring is the help, its function `run` has the
    arguments and options, its `EXAMPLES` end the help. A folder is a group, with the docstring of its
    `__init__.py` for help. A list of commands only reads docstrings: importing the files would take seconds.

    Args:
        folder: the folder.
        settings: those of a typer group.
    """

    def __init__(self, *, folder: Path = _HERE / "commands", **settings: Any) -> None:
        super().__init__(**settings)
        for path in sorted(folder.iterdir()):
            name = path.stem.replace("_", "-")
            if (path / "__init__.py").is_file():
                text = _docstring(path / "__init__.py")
                group = LazyGroup(
                    folder=path, name=name, help=text, no_args_is_help=True, rich_markup_mode="rich"
                )
                self.add_command(group)
            elif path.suffix == ".py" and path.stem != "__init__":
                self.add_command(LazyCommand(path, name))


class LazyCommand(TyperCommand):
    """What a list shows of a command; the command itself takes over when it gets its arguments.

    Args:
        file: the command's file.
        name: its name.
    """

    def __init__(self, file: Path, name: str) -> None:
        super().__init__(name=name, help=_docstring(file))
        self._file = file

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Begin the command, as click does; its context belongs to the command that was imported."""
        return self.loaded().make_context(info_name, args, parent, **extra)

    def loaded(self) -> Any:
        """Import the command's file; return the command with its arguments and options."""
        name = ".".join(("strata", "cli", *self._file.relative_to(_HERE).with_suffix("").parts))
        module = importlib.import_module(name)
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        examples = _of(module, "EXAMPLES", "command lines, which end the help")
        lines = (f"  $ {example}" for example in examples)
        run = _of(module, "run", "a function with the arguments and options")
        app.command(self.name, help=module.__doc__, epilog="\n\n".join(("Examples:", *lines)))(run)
        return typer.main.get_command(app)


def _docstring(file: Path) -> str:
    found = _DOCSTRING.match(file.read_text(encoding="utf-8"))
    if found is None:
        raise StrataError(
            "the file has no docstring", file=_shown(file), line=1, remedy="begin it with one: it is the help"
        )
    return found["text"]


def _of(module: ModuleType, name: str, purpose: str) -> Any:
    """Return what a command's file must have."""
    if not hasattr(module, name):
        file = _shown(Path(str(module.__file__)))
        raise StrataError(f"the file has no {name}", file=file, line=1, remedy=f"add it: {purpose}")
    return getattr(module, name)


def _shown(file: Path) -> str:
    root = _HERE.parents[1]
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
