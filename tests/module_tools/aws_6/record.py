"""Record which arguments version 6 of the AWS provider knows, of the resources that the modules use.

    npm pack @cdktf/provider-aws
    python -m tests.module_tools.aws_6.record cdktf-provider-aws-VERSION.tgz

The package's type declarations are made from the provider's schema; only the names of arguments are taken.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
from pathlib import Path

from tests.module_tools.aws_6.uses import ROOT, used

RECORD = Path(__file__).with_name("arguments.json")
_VERSION = re.compile(r"providers/hashicorp/aws/(\d+\.\d+\.\d+)/docs")
_INTERFACE = re.compile(r"^export interface (\w+) (?:extends [\w.]+ )?\{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_ARGUMENT = re.compile(
    r"aws/[\d.]+/docs/(?:resources|data-sources)/\w+#(\w+) \w+#\w+\}.*?\*/\s+readonly \w+\??: (.*?);",
    re.DOTALL,
)
_COMPUTED = re.compile(r"^    get (\w+)\(\): ", re.MULTILINE)
Arguments = dict[str, list[str]]


def main(package: Path) -> None:
    """Write the record."""
    resources, version = {}, ""
    with tarfile.open(package) as archive:
        for kind in sorted({use.kind for use in used(ROOT)}):
            name = kind.removeprefix("aws_").replace("_", "-")
            file = archive.extractfile(f"package/lib/{name}/index.d.ts")
            assert file is not None, kind
            text = file.read().decode()
            version = _VERSION.findall(text)[0]
            resources[kind] = {"arguments": arguments(text), "attributes": attributes_of(text)}
    RECORD.write_text(
        json.dumps({"provider": version, "resources": resources}, indent=1) + "\n", encoding="utf-8"
    )
    print(f"{len(resources)} resources of version {version}")


def arguments(text: str) -> Arguments:
    """Return the names of the arguments by the block that has them; the resource's own are those of ""."""
    interfaces = {name: _ARGUMENT.findall(body) for name, body in _INTERFACE.findall(text)}
    top = next(name for name in interfaces if name.endswith("Config"))
    found: Arguments = {}
    todo = [("", top)]
    while todo:
        path, interface = todo.pop()
        found[path] = sorted(name for name, _ in interfaces[interface])
        for name, type_text in interfaces[interface]:
            inner = next((word for word in re.findall(r"\w+", type_text) if word in interfaces), None)
            if inner is not None:
                todo.append((f"{path}.{name}".strip("."), inner))
    return dict(sorted(found.items()))


def attributes_of(text: str) -> list[str]:
    """Return the attributes that can be read, of the resource and of its blocks."""
    return sorted({re.sub(r"([A-Z])", r"_\1", name).lower() for name in _COMPUTED.findall(text)})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
