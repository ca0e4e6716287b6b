"""Every case of the two Snowflake modules that is expected to plan, each with names of its own."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.platform.workspace import load_tree
from strata.terraform.toolchain import Toolchain
from strata.testing.cases.case import read_case
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.readme import read_examples

MODULES = ("snowflake", "snowflake-integration")
ENVIRONMENT = "dev"
_CALL = re.compile(r'^module "[^"]+" \{$', re.MULTILINE)
_SOURCE = re.compile(r"^\s*source\s*=.*$", re.MULTILINE)


@dataclass(frozen=True)
class ModuleCase:
    """One call of a module.

    Attributes:
        id: where it stands: `snowflake/roles.yaml`, `snowflake/README.md::readme-lake`, `live/dev/snowflake`.
        module: the module.
        label: its environment's name and the name of its `module` block; part of every name it makes.
        inputs: the module's inputs.
    """

    id: str
    module: str
    label: str
    inputs: Mapping[str, Any]

    @property
    def bucket_format(self) -> str:
        """A bucket's name, `%s` in the place of its short one."""
        context = self.inputs["context"]
        return f"{context['project']}-%s-{context['environment']}-{context['account_id']}"


def collect(root: Path, toolchain: Toolchain) -> list[ModuleCase]:
    """Return all cases of a checkout.

    Args:
        root: the checkout.
        toolchain: Terraform, which evaluates the examples and the live tree.

    Raises:
        StrataError: a case, an example or a unit cannot be read.
    """
    found = [*_files(root), *_examples(root, toolchain), *_units(root, toolchain)]
    return [_apart(number, *case) for number, case in enumerate(found, start=1)]


def _files(root: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    layout = RepositoryLayout(root, (root / "modules/*",), root / "tests" / "modules", root / ".strata")
    for module in MODULES:
        for path in sorted((layout.cases / module).glob("*.yaml")):
            if path.name == "inputs.yaml":
                continue
            case = read_case(path, layout, path.name)
            if case.expect is not None:
                yield f"{module}/{path.name}", module, case.inputs


def _examples(root: Path, toolchain: Toolchain) -> Iterator[tuple[str, str, dict[str, Any]]]:
    layout = RepositoryLayout(root, (root / "modules/*",), root / "tests" / "modules", root / ".strata")
    texts, places = [], []
    for module in MODULES:
        for case in read_examples(layout.folders[module][0] / "README.md", layout, "README.md"):
            body = _SOURCE.sub("", case.example or "")
            texts.append(_CALL.sub(f"case_{len(texts)} = {{", body))
            places.append((f"{module}/{case.id}", module))
    # Terraform reads its own language; the console prints one line.
    with tempfile.TemporaryDirectory(prefix="strata-examples-") as folder:
        (Path(folder) / "main.tf").write_text("locals {\n" + "\n".join(texts) + "\n}\n", encoding="utf-8")
        names = ", ".join(f"local.case_{number}" for number in range(len(texts)))
        done = subprocess.run(
            [str(toolchain.terraform), "console", "-no-color"],
            input=f"jsonencode([{names}])\n",
            cwd=folder,
            env=toolchain.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if done.returncode != 0 or not done.stdout.startswith('"'):
        raise StrataError(f"the examples' inputs are not constants: {done.stderr.strip()[-600:]}")
    for (case_id, module), inputs in zip(places, json.loads(json.loads(done.stdout)), strict=True):
        yield case_id, module, inputs


def _units(root: Path, toolchain: Toolchain) -> Iterator[tuple[str, str, dict[str, Any]]]:
    paths = {f"live/{ENVIRONMENT}/{module}": module for module in MODULES}
    rendered = load_tree(root, toolchain).renders(list(paths), command="plan")
    for path, module in paths.items():
        yield path, module, rendered[path].inputs


def _apart(number: int, case_id: str, module: str, inputs: Mapping[str, Any]) -> ModuleCase:
    label = f"t{number:02}"
    own = copy.deepcopy(dict(inputs))
    own["context"]["environment"] = label
    if "integration_name" in own:
        own["integration_name"] = f"STRATA_S3_{label.upper()}"
    return ModuleCase(case_id, module, label, own)
