"""Write the input and output tables of each module's README.md."""

from __future__ import annotations

from strata.cli.module_files import write_files
from strata.cli.options import CheckOnly, Modules
from strata.errors import StrataError
from strata.modules.docs import documented
from strata.modules.interface import Module
from strata.modules.repository import FOLDER

EXAMPLES = ("strata modules docs", "strata modules docs --check")


def run(modules: Modules = None, check: CheckOnly = False) -> None:
    """Write the READMEs that are out of date, or only name them."""
    write_files(modules, _readme, check)


def _readme(module: Module) -> dict[str, str]:
    place = f"{FOLDER}/{module.name}/README.md"
    raw = module.others.get("README.md")
    if raw is None:
        raise StrataError("the file does not exist", file=place)
    return {"README.md": documented(raw.decode("utf-8"), module, place)}
