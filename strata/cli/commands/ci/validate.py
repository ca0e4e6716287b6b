"""`strata ci validate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from strata.checkout.root import find_root
from strata.ci.validation import validate_modules
from strata.cli.views.console import out, print_json
from strata.errors import StrataError


def run(modules: Sequence[str], as_json: bool) -> None:
    """Validate modules and print what Terraform says."""
    root = find_root(Path.cwd())
    found = validate_modules(root, modules)
    if as_json:
        print_json(found)
    else:
        for module, errors in found.items():
            out.print(
                f"modules/{module}: {'valid' if not errors else f'{len(errors)} error(s)'}", soft_wrap=True
            )
            for error in errors:
                out.print(f"  {error}", markup=False, soft_wrap=True)
    if bad := [module for module, errors in found.items() if errors]:
        raise StrataError(f"not valid: {', '.join(bad)}")
