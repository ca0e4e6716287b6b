"""The first files of a module: one resource that keeps every rule, an example and a case that run."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from strata.errors import StrataError
from strata.modules.docs import documented
from strata.modules.interface import read_module
from strata.modules.repository import COMPONENTS, FOLDER
from strata.modules.stamps import read_sources, stamped
from strata.modules.versions import FIRST

CASES = "tests/modules"
# A bucket's 63 characters hold project (12), module, environment (10) and account (12).
_NAME = re.compile(r"(?=.{2,26}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")

_TEMPLATES = Path(__file__).parent / "templates"


def create(root: Path, name: str, component: bool = False) -> list[str]:
    """Write the skeleton of a module, which passes `strata modules check` and its own cases.

    Args:
        root: the checkout's folder.
        name: the module.
        component: write its shared definition into `live/_components` too.

    Returns:
        The files, by their paths in the checkout.

    Raises:
        StrataError: the name is not a module's, something of that name exists, or a source of the stamped
            files is missing. Nothing is written then, nor if a file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise StrataError(
            f"`{name}` cannot be the name of a module",
            remedy="take 2 to 26 lower-case letters, digits and single hyphens, a letter first",
        )
    places = {
        f"{FOLDER}/{name}": _module(root, name),
        f"{CASES}/{name}": _filled("cases", name),
        **({f"{COMPONENTS}/{name}.hcl": _filled("component.hcl", name)} if component else {}),
    }
    if taken := [place for place in places if (root / place).exists()]:
        raise StrataError(f"{taken[0]} exists", remedy="choose another name, or delete it first")
    _place(root, places)
    return [f"{place}/{file}".rstrip("/") for place, files in places.items() for file in sorted(files)]


def _module(root: Path, name: str) -> dict[str, str]:
    texts = _filled("module", name)
    shown = f"{FOLDER}/{name}"

    def read() -> Mapping[str, bytes]:
        return {file: text.encode() for file, text in texts.items()}

    texts |= stamped(read_module(name, read(), shown), read_sources(root / FOLDER, FOLDER))
    # Last: the tables name the stamped file's input too.
    texts["README.md"] = documented(
        texts["README.md"], read_module(name, read(), shown), f"{shown}/README.md"
    )
    return texts


def _filled(template: str, name: str) -> dict[str, str]:
    """The texts of a folder of templates by file; of a single template, by the empty name."""
    words = {"NAME": name, "VERSION": FIRST, "DATE": f"{date.today():%Y-%m-%d}"}
    place = _TEMPLATES / template
    return {
        "" if file == place else file.name: re.sub(
            r"\b(NAME|VERSION|DATE)\b", lambda found: words[found[0]], file.read_text(encoding="utf-8")
        )
        for file in ([place] if place.is_file() else place.iterdir())
    }


def _place(root: Path, places: Mapping[str, Mapping[str, str]]) -> None:
    """Write everything beside its place and move it there; what cannot be finished is taken back.

    Args:
        root: the checkout's folder.
        places: the texts of each folder by file; of a single file, by the empty name.
    """
    with contextlib.ExitStack() as scratch, contextlib.ExitStack() as placed:
        drafts = {}
        for place, files in places.items():
            target = root / place
            target.parent.mkdir(parents=True, exist_ok=True)
            folder = scratch.enter_context(tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-"))
            drafts[target] = draft = Path(folder, target.name)
            if "" not in files:
                draft.mkdir()
            for file, text in files.items():
                (draft / file).write_text(text, encoding="utf-8")
        for target, draft in drafts.items():
            draft.rename(target)
            placed.callback(_remove, target)
        placed.pop_all()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
