"""Evaluates HCL expressions with `terraform console`, many in one process.

The expressions are written as `locals` of a scratch folder and read back as one JSON text. Measured: about
80 ms for a process, 40 ms for 200 expressions. The console reports a failed local on stderr with exit code
0, 1 or 11 (it can panic after the report), so only a complete answer on stdout counts. Terraform's notices,
such as that of a slow state lock, share stdout with the answer: it stands between two markers.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from strata.errors import StrataError

_DIAGNOSTIC = re.compile(
    r"^Error: (?P<summary>.+?)\n(?P<rest>.*?)(?=^(?:Error|Warning): |^!!!|\Z)", re.M | re.S
)
_PLACE = re.compile(r"^  on main\.tf line (\d+)[^\n]*:\n", re.M)
# Printed among everything else when a lock takes its time.
_NOTICE = re.compile(r"^(?:Acquiring|Releasing) state lock\. This may take a few moments\.\.\.$", re.M)
_MARKED = re.compile(r"\b[0-9a-f]{32}:")
_OWN_NAME = re.compile(r"local\.\w+?_[le]_")
_FAILED = re.compile(r'local\.fail\["(\w+)"\]')
_TABLE = re.compile(r"local\.(\w+_t\d+)\[")
_EXACT_DIGITS = 15
# The faults of a key or an attribute that is not there; Terraform shows, and does not name, it.
_ABSENT = ("Invalid index", "Unsupported attribute")
_PASSED = ("PATH", "HOME", "SystemRoot")
# Sensitive values would hide the whole answer; base64 keeps it on one line whatever it holds.
_QUESTION = 'nonsensitive("{marker}:${{base64encode(jsonencode(local.all))}}:{marker}")\n'
# Go collects garbage from 4 MB on, many times before a small program is read: 42 ms of CPU so, 70 without.
_GARBAGE = "400"
# A line written into the middle of an answer spoils it; the next process is asked again.
_ATTEMPTS = 3


class EvaluationError(StrataError):
    """An expression that Terraform cannot evaluate."""


@dataclass(frozen=True)
class Definition:
    """One local of the scratch folder: its text, where the text comes from, and the locals it uses."""

    name: str
    text: str
    path: Path
    line: int
    uses: frozenset[str]
    pending: bool = False
    outputs: bool = False


# A definition, and a line of the file that its text comes from.
_Origin = tuple[Definition, int]


def closure(definitions: Mapping[str, Definition], wanted: Iterable[str]) -> list[Definition]:
    """The definitions that `wanted` needs, itself included, in the same order in every process."""
    found: dict[str, Definition] = {}
    queue = list(wanted)
    while queue:
        name = queue.pop()
        if name not in found:
            found[name] = definitions[name]
            queue.extend(sorted(found[name].uses))
    return list(found.values())


@dataclass(frozen=True)
class Console:
    """`terraform console` with a clean environment.

    Args:
        terraform: the Terraform (or OpenTofu) program.
        environ: where PATH and HOME are taken from; nothing else reaches the process.
    """

    terraform: str
    environ: Mapping[str, str]

    def evaluate(
        self,
        definitions: Sequence[Definition],
        wanted: Sequence[str],
        failures: Mapping[str, StrataError],
        checked: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The values of the locals `wanted`, as JSON has them.

        Args:
            definitions: every local needed, those that `wanted` uses included.
            wanted: the names of locals whose values are to come back.
            failures: the errors that `local.fail["<key>"]` and tables of answers stand for.
            checked: the names of locals that are to be evaluated too, for their errors only.

        Raises:
            StrataError: an expression fails (with the file and line it comes from), or Terraform cannot be
            run.
        """
        if not wanted and not checked:
            return {}
        text, origins = _program(definitions, wanted, checked)
        with tempfile.TemporaryDirectory(prefix="strata-live-") as folder:
            Path(folder, "main.tf").write_text(text, encoding="utf-8")
            for _ in range(_ATTEMPTS):
                marker = secrets.token_hex(16)
                process = self._terraform(
                    Path(folder), "console", "-no-color", given=_QUESTION.format(marker=marker)
                )
                values = _answer(process.stdout, marker)
                if values is not None or marker not in process.stdout:
                    break
        if values is None:
            raise _error(process, origins, {item.name: item for item in definitions}, failures)
        return {name: values[f"v{position}"] for position, name in enumerate(wanted)}

    def format(self, texts: Sequence[str]) -> list[str]:
        """The HCL texts in Terraform's canonical layout; a text that is not HCL comes back as it is.

        Terragrunt lays out alike, but keeps a redundant template such as `"${local.a}"`.
        """
        if not texts:
            return []
        with tempfile.TemporaryDirectory(prefix="strata-live-") as folder:
            files = [Path(folder, f"{index}.tf") for index in range(len(texts))]
            for file, text in zip(files, texts, strict=True):
                file.write_text(text, encoding="utf-8")
            self._terraform(Path(folder), "fmt", "-list=false", ".")
            return [file.read_text(encoding="utf-8") for file in files]

    def syntax_error(self, text: str) -> tuple[int, str] | None:
        """Line and description of the first syntax error in `text`, in HCL's words; None if it has none."""
        with tempfile.TemporaryDirectory(prefix="strata-live-") as folder:
            Path(folder, "main.tf").write_text(text, encoding="utf-8")
            process = self._terraform(Path(folder), "fmt", "-no-color", "-list=false", ".")
        match = _DIAGNOSTIC.search(process.stderr)
        place = _PLACE.search(match["rest"]) if match else None
        return (int(place[1]), _message(match)) if match and place else None

    def version(self) -> str:
        """The program's version.

        Raises:
            StrataError: Terraform cannot be run, or does not say.
        """
        with tempfile.TemporaryDirectory(prefix="strata-live-") as folder:
            process = self._terraform(Path(folder), "version", "-json")
        try:
            return str(json.loads(process.stdout)["terraform_version"])
        except (ValueError, KeyError, TypeError):
            raise StrataError(f"`{self.terraform} version -json` does not say its version") from None

    def _terraform(
        self, folder: Path, *arguments: str, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        rc = folder / "terraform.rc"
        rc.write_text("", encoding="utf-8")
        environment = {name: self.environ[name] for name in _PASSED if name in self.environ}
        environment.setdefault("PATH", os.defpath)
        environment |= {"TF_CLI_CONFIG_FILE": str(rc), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        environment["GOGC"] = _GARBAGE
        try:
            return subprocess.run(
                [self.terraform, *arguments],
                cwd=folder,
                env=environment,
                input=given,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise StrataError(
                f"Terraform cannot be run: {error.strerror or error}",
                file=self.terraform,
                remedy="put Terraform 1.11 or newer on PATH",
            ) from None


def _answer(output: str, marker: str) -> dict[str, Any] | None:
    """The console's answer in all that it printed; None where there is none, or not a whole one."""
    found = re.search(rf"{marker}:([0-9A-Za-z+/=]*):{marker}", output)
    if found is None:
        return None
    try:
        values: dict[str, Any] = json.loads(base64.b64decode(found[1], validate=True), parse_int=_number)
    except ValueError:
        return None
    return values


def _number(digits: str) -> int:
    # Terragrunt's numbers are float64, written with as few digits as tell them apart.
    return int(digits) if len(digits) <= _EXACT_DIGITS else int(Decimal(repr(float(digits))))


def _program(
    definitions: Sequence[Definition], wanted: Sequence[str], checked: Sequence[str]
) -> tuple[str, list[_Origin | None]]:
    """The scratch folder's file, and for each of its lines the definition and the line it comes from.

    Terraform's time grows with the number of locals, not with the text in them: what nothing else uses stands
    in the list of what is wanted, and is not a local of its own.
    """
    by_name = {definition.name: definition for definition in definitions}
    used = {name for definition in definitions for name in definition.uses}
    lines: list[str] = ["locals {", "fail = {}"]
    origins: list[_Origin | None] = [None, None]

    def add(text: str, definition: Definition | None) -> None:
        for offset, line in enumerate(text.split("\n")):
            lines.append(line)
            origins.append((definition, definition.line + offset) if definition else None)

    def add_all(opening: str, names: Sequence[str], closing: str) -> None:
        # In an object, not in a tuple: there a new line would not end an expression as it does in the file.
        add(opening, None)
        for position, name in enumerate(names):
            alone = name not in used
            text = by_name[name].text if alone else f"local.{name}"
            add(f"v{position} = {text}", by_name[name] if alone else None)
        add(closing, None)

    inlined = {*wanted, *checked} - used
    for definition in definitions:
        if definition.name not in inlined:
            add(f"{definition.name} = {definition.text}", definition)
    add_all("all = {", wanted, "")
    add_all("checked = length({", checked, "})")
    add("}\n}", None)
    return "\n".join(lines) + "\n", origins


def planted_failure(text: str, failures: Mapping[str, StrataError]) -> StrataError | None:
    """The error that an expression in `text` stands for, if it is one of `failures`."""
    known = _FAILED.search(text) or _TABLE.search(text)
    return failures.get(known[1]) if known else None


def _error(
    process: subprocess.CompletedProcess[str],
    origins: Sequence[_Origin | None],
    definitions: Mapping[str, Definition],
    failures: Mapping[str, StrataError],
) -> StrataError:
    """The first error that the console reports, at its place in the live tree."""
    # Each stream on its own: what follows a diagnostic would be part of it.
    report = [_NOTICE.sub("", text) for text in (process.stderr, process.stdout)]
    for match in (match for text in report for match in _DIAGNOSTIC.finditer(text)):
        rest = match["rest"]
        planted = planted_failure(rest, failures)
        if planted:
            return planted
        place = _PLACE.search(rest)
        origin = origins[int(place[1]) - 1] if place and int(place[1]) <= len(origins) else None
        if origin is None:
            return EvaluationError(_message(match))
        definition, line = origin
        message, remedy = _message(match), None
        if match["summary"] in _ABSENT:
            text = _line(definition.path, line)
            message = f"{message}: {text}"
            # What another unit gives is in no file.
            remedy = None if "dependency." in text else _look_at(definition, definitions)
        return EvaluationError(message, file=definition.path, line=line, remedy=remedy)
    if "known after apply" in process.stdout:
        return StrataError("an expression has no known value before apply")
    if _MARKED.search(process.stdout):
        # What it printed may hold secrets.
        reason = "its answer is incomplete"
    else:
        reason = next((text.strip().split("\n")[-1] for text in report if text.strip()), "it printed nothing")
    return StrataError(
        f"`terraform console` gave no answer (exit code {process.returncode}): {reason}",
        remedy="check that Terraform 1.11 or newer runs",
    )


def _line(path: Path, line: int) -> str:
    """The text of a line, as it stands in the file."""
    return f"`{path.read_text(encoding='utf-8', errors='replace').splitlines()[line - 1].strip()}`"


def _look_at(definition: Definition, definitions: Mapping[str, Definition]) -> str | None:
    """What to do about a key that is not there: the files that it is looked for in, if they are others."""
    needed = closure(definitions, [definition.name])
    files = {item.path for item in needed if item.name.endswith("_config") and item.path != definition.path}
    return f"see what {' and '.join(sorted(map(str, files)))} gives" if files else None


def _message(diagnostic: re.Match[str]) -> str:
    """Summary and detail of a diagnostic, without the lines that show the source."""
    paragraphs = [text for text in diagnostic["rest"].split("\n\n") if "on main.tf line" not in text]
    detail = " ".join(" ".join(paragraphs).split())
    return _OWN_NAME.sub("local.", f"{diagnostic['summary']}: {detail}").rstrip(": .")
