"""Run `terraform validate` on copies of the modules; exit 1 on errors.

The providers are fetched once."""

from __future__ import annotations

from strata.ci.validation import validate_modules
from strata.cli.checkout import checkout_root
from strata.cli.options import Json, Modules
from strata.cli.views.console import out, print_json
from strata.errors import StrataError

EXAMPLES = ("strata ci validate", "strata ci validate s3 glue")


def run(modules: Modules = None, json_: Json = False) -> None:
    """Validate modules and print Terraform's errors."""
    found = validate_modules(checkout_root(), modules or [])
    if json_:
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
