"""What a change may not bring to a credentialed step unseen: code that runs while Terraform only plans.

A plan runs whatever the change brings: an `external` data source, a provider, a hook, `run_cmd`, a
provisioner, the workflows and this package itself (https://www.runatlantis.io/docs/security.html). Each file
is compared as it was and as it is; nothing of the change is run or evaluated for that.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from strata.ci.history import Change, git
from strata.errors import StrataError
from strata.live.hcl import Block, Body, HclFile, parse

# Terraform's own, which needs no provider.
_BUILT_IN = {"terraform"}
_CODE_DATA = {"external", "http"}
_RUN_CMD = re.compile(r"\brun_cmd\b")
# Blocks and attributes of which every edit counts: what they say is run, or decides what is.
_RUN_BLOCKS = ("before_hook", "after_hook", "error_hook", "extra_arguments", "generate", "backend", "cloud")
_RUN_ATTRIBUTES = ("download_dir", "generate", "iam_role", "remote_state", "terraform_binary")
_SOURCED = ("module", "stack", "terraform", "unit")
# Run, or decide what is run, in a job that has a credential.
_RUN_FILES = ("pyproject.toml", ".tool-versions", "setup.py", "setup.cfg")
_RUN_FOLDERS = ("strata/",)
_TEXT = (".tf", ".tofu", ".hcl", ".tf.json", ".tofu.json")


@dataclass(frozen=True)
class Finding:
    """Something that needs an approval.

    Attributes:
        rule: the rule's name; the label `approve:<rule>` approves it.
        place: a file, with its line if known, or a resource's address and unit.
        what: for people.
    """

    rule: str
    place: str
    what: str

    @property
    def label(self) -> str:
        """The label that approves it."""
        return f"approve:{self.rule}"


@dataclass(frozen=True)
class _Facts:
    """What a file brings; each entry is something to compare, with the line where it stands."""

    providers: dict[str, int] = field(default_factory=dict)
    code: dict[str, int] = field(default_factory=dict)


def check_change(change: Change) -> list[Finding]:
    """Compare the files of a change.

    Raises:
        StrataError: a file that Terraform or Terragrunt reads is not HCL: then nobody can say what it does.
    """
    found: list[Finding] = []
    known = _known_providers(change)
    for path in change.files:
        found += _by_name(path)
        if path.endswith(_TEXT) and not path.endswith(".terraform.lock.hcl"):
            now = _facts(path, change.after(path))
            before = _facts(path, change.before(path), tolerant=True)
            for provider, line in now.providers.items():
                if provider not in known:
                    found.append(Finding("provider", f"{path}:{line}", f"new provider {provider}"))
            for code, line in now.code.items():
                if code not in before.code:
                    found.append(Finding("code", f"{path}:{line}", code.partition("\0")[0]))
    return found


def _by_name(path: str) -> Iterator[Finding]:
    name = PurePosixPath(path).name
    if path.startswith(".github/"):
        yield Finding("workflow", path, "edits what GitHub runs")
    elif name == ".terraform.lock.hcl":
        yield Finding("lock-file", path, "changes which provider binaries are trusted")
    elif name in (".terraformrc", "terraform.rc") or name.endswith(".tfrc"):
        yield Finding("provider", path, "changes where providers come from")
    elif name == ".gitattributes" or path == ".gitmodules":
        yield Finding("code", path, "changes what a checkout holds")
    elif (
        path in _RUN_FILES or path.startswith(_RUN_FOLDERS) or name in ("requirements.txt", "requirements.in")
    ):
        yield Finding("code", path, "runs in the job that plans")


def _known_providers(change: Change) -> set[str]:
    """The providers of all code as it was at the base."""
    listed = git(change.root, "ls-tree", "-r", "-z", "--name-only", change.base)
    known: set[str] = set()
    for path in filter(None, listed.split("\0")):
        # Tests bring providers of their own, which no plan knows.
        if path.endswith(_TEXT) and path.startswith(("modules/", "live/", "terragrunt.hcl")):
            known |= _facts(path, change.before(path), tolerant=True).providers.keys()
    return known


def _facts(path: str, content: bytes | None, *, tolerant: bool = False) -> _Facts:
    facts = _Facts()
    if content is None:
        return facts
    try:
        if path.endswith(".json"):
            _json_facts(json.loads(content), facts)
        else:
            _hcl_facts(_parse(path, content), facts)
    except (StrataError, ValueError) as error:
        if tolerant:
            return facts
        said = error.message if isinstance(error, StrataError) else "not JSON"
        line = error.line if isinstance(error, StrataError) else None
        raise StrataError(
            f"the file cannot be judged: {said}", file=path, line=line, remedy="correct its syntax"
        ) from None
    return facts


def _parse(path: str, content: bytes) -> HclFile:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "content.hcl")
        place.write_bytes(content)
        return parse(place)


def _hcl_facts(file: HclFile, facts: _Facts) -> None:
    lines = file.text.splitlines()
    for number, line in enumerate(lines, 1):
        if _RUN_CMD.search(line):
            # Each use counts by its own line: a second one beside an old one is new.
            facts.code.setdefault(f"run_cmd\0{line.strip()}", number)
    for attribute in file.body.attributes.values():
        if attribute.name in _RUN_ATTRIBUTES:
            text = _text(lines, attribute.line, None)
            facts.code.setdefault(f"{attribute.name}\0{text}", attribute.line)
    _body_facts(file.body, facts, lines)


def _body_facts(body: Body, facts: _Facts, lines: list[str]) -> None:
    for index, block in enumerate(body.blocks):
        end = body.blocks[index + 1].line - 1 if index + 1 < len(body.blocks) else None
        _block_facts(block, facts, lines, end)


def _block_facts(block: Block, facts: _Facts, lines: list[str], end: int | None) -> None:
    kind, labels, line = block.type, block.labels, block.line
    if kind in ("resource", "data", "ephemeral") and labels:
        prefix = labels[0].split("_", 1)[0]
        if prefix not in _BUILT_IN:
            facts.providers.setdefault(prefix, line)
    if kind == "data" and labels and labels[0] in _CODE_DATA:
        facts.code.setdefault(f"data source {labels[0]}\0{labels}", line)
    if kind == "provider" and labels:
        facts.providers.setdefault(labels[0], line)
    if kind == "required_providers":
        for attribute in block.body.attributes.values():
            text = _text(lines, attribute.line, None)
            source = re.search(r'source\s*=\s*"([^"]*)"', text)
            # The source counts, not only the name: the same name may come from elsewhere.
            facts.providers.setdefault(attribute.name, attribute.line)
            if source:
                facts.providers.setdefault(source[1], attribute.line)
    if kind == "provisioner":
        facts.code.setdefault(f"provisioner {' '.join(labels)}\0{_text(lines, line, end)}", line)
    if kind in _RUN_BLOCKS:
        what = f"{kind} {' '.join(labels)}".strip()
        facts.code.setdefault(f"{what}\0{_text(lines, line, end)}", line)
    if kind in _SOURCED and "source" in block.body.attributes:
        at = block.body.attributes["source"].line
        if _is_remote(text := lines[at - 1]):
            facts.code.setdefault(f"module from elsewhere\0{text.strip()}", at)
    _body_facts(block.body, facts, lines)


def _is_remote(line: str) -> bool:
    """Whether a source is neither of this repository nor of what env.hcl names as its releases."""
    value = line.partition("=")[2]
    if "local.env.modules" in value and "get_repo_root()" in value and "://" not in value:
        return False
    quoted = re.findall(r'"([^"]*)"', value)
    return any(
        not text.startswith(("./", "../", "${get_repo_root()}/", "${")) for text in quoted if text != "local"
    )


def _text(lines: list[str], start: int, end: int | None) -> str:
    """The block's text: to the line before the next block, or to where its braces close."""
    depth, taken = 0, []
    for line in lines[start - 1 : end]:
        taken.append(line.strip())
        depth += line.count("{") - line.count("}")
        if depth <= 0 and "{" in "".join(taken):
            break
    return "\n".join(taken)


def _json_facts(document: Any, facts: _Facts) -> None:
    if not isinstance(document, dict):
        return
    for kind in ("resource", "data", "ephemeral"):
        for name in _keys(document.get(kind)):
            facts.providers.setdefault(name.split("_", 1)[0], 1)
            if kind == "data" and name in _CODE_DATA:
                facts.code.setdefault(f"data source {name}\0", 1)
    for name in _keys(document.get("provider")):
        facts.providers.setdefault(name, 1)
    text = json.dumps(document, sort_keys=True)
    for word in ("provisioner", "required_providers", "run_cmd"):
        if f'"{word}"' in text or (word == "run_cmd" and word in text):
            facts.code.setdefault(f"{word}\0{text}", 1)


def _keys(value: Any) -> list[str]:
    if isinstance(value, list):
        return [key for item in value for key in _keys(item)]
    return list(value) if isinstance(value, dict) else []
