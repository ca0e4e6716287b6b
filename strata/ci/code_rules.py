"""What a change may not bring to a credentialed step unseen: code that runs while Terraform only plans.

A plan runs whatever the change brings: an `external` data source, a provider, a hook, `run_cmd`, a
provisioner, the workflows and this package itself (https://www.runatlantis.io/docs/security.html). Each file
is compared as it was and as it is; nothing of the change is run or evaluated for that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import tree_sitter
import tree_sitter_hcl

from strata.ci.history import Change, git
from strata.errors import StrataError
from strata.live.discovery import LOCK_FILE
from strata.live.hcl import first_fault

_LANGUAGE = tree_sitter.Language(tree_sitter_hcl.language())
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
# No plan reads these; what they run has no credential.
_UNPLANNED = ("tests/", "docs/", "bench/")
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
        if path.startswith(_UNPLANNED):
            continue
        found += _by_name(path)
        if path.endswith(_TEXT) and not path.endswith(LOCK_FILE):
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
    elif name == LOCK_FILE:
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
            _hcl_facts(content, facts)
    except (StrataError, ValueError) as error:
        if tolerant:
            return facts
        said = error.message if isinstance(error, StrataError) else "not JSON"
        line = error.line if isinstance(error, StrataError) else None
        raise StrataError(
            f"the file cannot be judged: {said}", file=path, line=line, remedy="correct its syntax"
        ) from None
    return facts


def _hcl_facts(content: bytes, facts: _Facts) -> None:
    root = tree_sitter.Parser(_LANGUAGE).parse(content).root_node
    if root.has_error:
        line, said = first_fault(root)
        raise StrataError(f"syntax error: {said}", line=line)
    for number, text in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if _RUN_CMD.search(text):
            # Each use counts by its own line: a second one beside an old one is new.
            facts.code.setdefault(f"run_cmd\0{text.strip()}", number)
    for node in _children(root, "body"):
        for attribute in _children(node, "attribute"):
            name = _words(attribute.children[0])
            if name in _RUN_ATTRIBUTES:
                facts.code.setdefault(f"{name}\0{_words(attribute)}", _line(attribute))
        _body_facts(node, facts)


def _body_facts(body: tree_sitter.Node, facts: _Facts) -> None:
    for block in _children(body, "block"):
        _block_facts(block, facts)
        for inner in _children(block, "body"):
            _body_facts(inner, facts)


def _block_facts(block: tree_sitter.Node, facts: _Facts) -> None:
    kind, line = _words(block.children[0]), _line(block)
    labels = [
        _words(child).strip('"') for child in block.children[1:] if child.type in ("string_lit", "identifier")
    ]
    attributes = {
        _words(attribute.children[0]): attribute
        for body in _children(block, "body")
        for attribute in _children(body, "attribute")
    }
    if kind in ("resource", "data", "ephemeral") and labels:
        prefix = labels[0].split("_", 1)[0]
        if prefix not in _BUILT_IN:
            facts.providers.setdefault(prefix, line)
    if kind == "data" and labels and labels[0] in _CODE_DATA:
        facts.code.setdefault(f"data source {labels[0]}\0{labels}", line)
    if kind == "provider" and labels:
        facts.providers.setdefault(labels[0], line)
    if kind == "required_providers":
        for name, attribute in attributes.items():
            facts.providers.setdefault(name, _line(attribute))
            # The source counts, not only the name: the same name may come from elsewhere.
            for source in re.findall(r'source"?\s*[=:]\s*"([^"]*)"', _words(attribute)):
                facts.providers.setdefault(source, _line(attribute))
    if kind == "provisioner" or kind in _RUN_BLOCKS:
        what = f"{kind} {' '.join(labels)}".strip()
        facts.code.setdefault(f"{what}\0{_words(block)}", line)
    if kind in _SOURCED and "source" in attributes:
        text = _words(attributes["source"])
        if _is_remote(text):
            facts.code.setdefault(f"module from elsewhere\0{text}", _line(attributes["source"]))


def _is_remote(attribute: str) -> bool:
    """Whether a source is neither of this repository nor of what env.hcl names as its releases."""
    quoted = re.findall(r'"([^"]*)"', attribute.partition("=")[2])
    places = ("./", "../", "${get_repo_root()}/", "${local.env.modules}/")
    return any(not text.startswith(places) for text in quoted if not re.fullmatch(r"[\w-]+", text))


def _children(node: tree_sitter.Node, kind: str) -> list[tree_sitter.Node]:
    return [child for child in node.children if child.type == kind]


def _words(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _line(node: tree_sitter.Node) -> int:
    return node.start_point.row + 1


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
