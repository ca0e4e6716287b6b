"""Rules on what stands in a module's blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strata.hcl.nodes import Node
from strata.hcl.syntax import Block, HclFile
from strata.lint.findings import LintFinding
from strata.modules.interface import Module

RULES = {
    "data-source": "a module reads nothing: who calls it says what it has to know",
    "import-in-module": "`import` is legal in a root module only: it lives in the unit",
    "provider-in-module": "providers and backends are the unit's",
    "path-in-plan": "`path.module` only as a file that a function reads: plans are the same in every folder",
    "module-size": "a module has less than 300 lines of code beside its interface and the stamped files",
    "name-style": "names are snake_case, and do not repeat the type",
    "unused-declaration": "every variable and local is used",
    "interpolation-only": 'no `"${...}"` around a lone expression',
    "comment-style": "comments begin with `#`",
}
LINES = 300

_READ_FILES = (
    "file",
    "filebase64",
    "filebase64sha256",
    "filebase64sha512",
    "fileexists",
    "filemd5",
    "fileset",
    "filesha1",
    "filesha256",
    "filesha512",
    "templatefile",
)
# The interface is read as the tables of the README.
_UNCOUNTED = re.compile(r"context\.tf|versions\.tf|(variables|outputs)(-[a-z]+)?\.tf")


def check(module: Module) -> Iterator[LintFinding]:
    """The findings in a module's code."""
    place = f"modules/{module.name}"
    for rule, subject, text, file, line in (
        *_blocks(module),
        *_paths(module),
        *_size(module),
        *_names(module),
        *_unused(module),
        *_style(module),
    ):
        yield LintFinding(rule, f"{place} {subject}".rstrip(), text, file.name, line)


_Row = tuple[str, str, str, HclFile, int]


def _blocks(module: Module) -> Iterator[_Row]:
    for file, block in module.blocks("data"):
        subject = f"data.{'.'.join(block.labels)}"
        yield "data-source", subject, f"{subject} is read at apply: pass it in", file, block.line
    for file, block in module.blocks("import"):
        yield "import-in-module", "import", "an import block is legal in a root module only", file, block.line
    for file, block in module.blocks("provider"):
        text = f"provider {block.labels[0]} is configured here, it is the unit's"
        yield "provider-in-module", f"provider.{block.labels[0]}", text, file, block.line
    for file, block in module.blocks("terraform"):
        for inner in (*block.children("backend"), *block.children("cloud")):
            yield "provider-in-module", inner.type, f"the {inner.type} is the unit's", file, inner.line


def _paths(module: Module) -> Iterator[_Row]:
    for file in module.files:
        for node in file.body.walk():
            name = _reference(node, "path")
            if name and (name != "module" or not _read_only(node)):
                text = f"path.{name} is not the same everywhere"
                yield "path-in-plan", f"path.{name}", text, file, node.line


def _reference(node: Node, root: str) -> str | None:
    """The attribute, where the node is `root` in `root.attribute`."""
    if node.type != "variable_expr" or node.text != root or node.parent is None:
        return None
    after = node.parent.children[1:2]
    return after[0].children[-1].text if after and after[0].type == "get_attr" else None


def _read_only(node: Node) -> bool:
    """Whether the node is in the first argument of a function that reads a file."""
    inner, outer = node, node.parent
    while outer is not None:
        if outer.type == "function_arguments":
            call = outer.parent
            first = next(child for child in outer.children if child.type == "expression")
            if call is not None and call.children[0].text in _READ_FILES:
                return first.start <= inner.start and inner.end <= first.end
        inner, outer = outer, outer.parent
    return False


def _size(module: Module) -> Iterator[_Row]:
    lines = {
        file: sum(1 for line in file.text.splitlines() if line.strip() and line.strip()[0] != "#")
        for file in module.files
        if not _UNCOUNTED.fullmatch(file.name.rpartition("/")[2])
    }
    if (total := sum(lines.values())) >= LINES:
        longest = max(lines, key=lambda file: lines[file])
        yield "module-size", "", f"{total} lines of code, {LINES - 1} are allowed", longest, 1


def _names(module: Module) -> Iterator[_Row]:
    for kind in ("variable", "output", "resource", "data", "module"):
        for file, block in module.blocks(kind):
            name = block.labels[-1]
            subject = ".".join((kind, *block.labels))
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                yield "name-style", subject, f"`{name}` is not snake_case", file, block.line
            elif kind == "resource" and len(name) > 3 and f"_{name}_" in f"_{block.labels[0]}_":
                text = f"`{name}` repeats the type {block.labels[0]}"
                yield "name-style", subject, text, file, block.line
    for file, block in module.blocks("locals"):
        for name, value in block.attributes.items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                yield "name-style", f"local.{name}", f"`{name}` is not snake_case", file, value.line


def _unused(module: Module) -> Iterator[_Row]:
    used: set[str] = set()
    for file in module.files:
        for block in file.body.blocks:
            own = block.labels[0] if block.type == "variable" else None
            for node in block.walk():
                for root in ("var", "local"):
                    name = _reference(node, root)
                    if name and not (root == "var" and name == own):
                        used.add(f"{root}.{name}")
    for variable in module.variables.values():
        if f"var.{variable.name}" not in used:
            found = next(f for f in module.files if f.name == variable.file)
            text = f"{variable.name} is not used"
            yield "unused-declaration", f"variable.{variable.name}", text, found, variable.line
    for file, block in module.blocks("locals"):
        # The context offers the same formats to every module.
        if file.name.endswith("/context.tf"):
            continue
        for name, value in block.attributes.items():
            if f"local.{name}" not in used:
                yield "unused-declaration", f"local.{name}", f"{name} is not used", file, value.line


def _style(module: Module) -> Iterator[_Row]:
    for file in module.files:
        for comment in file.comments:
            if not comment.text.startswith("#"):
                yield "comment-style", "comment", "the comment does not begin with `#`", file, comment.line
        for node in _templates(file.body):
            # Quote, one interpolation, quote.
            if len(node.children) == 3 and node.children[1].type == "template_interpolation":
                text = f"{node.text[:40]} is the expression itself"
                yield "interpolation-only", "template", text, file, node.line


def _templates(block: Block) -> Iterator[Node]:
    return (node for node in block.walk() if node.type == "quoted_template")
