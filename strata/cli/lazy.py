"""Commands as files of a folder, each imported when it runs or shows its own help."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_HERE = Path(__file__).parent


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
        self._module = ".".join(("strata", "cli", *file.relative_to(_HERE).with_suffix("").parts))

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Begin the command, as click does; its context belongs to the command that was imported."""
        module = importlib.import_module(self._module)
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        lines = (f"  $ {example}" for example in module.EXAMPLES)
        app.command(self.name, help=module.__doc__, epilog="\n\n".join(("Examples:", *lines)))(module.run)
        return typer.main.get_command(app).make_context(info_name, args, parent, **extra)


def _docstring(file: Path) -> str:
    return file.read_text(encoding="utf-8").split('"""', 2)[1]
