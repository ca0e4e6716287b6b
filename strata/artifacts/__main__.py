"""`python3 -I strata/artifacts/__main__.py build glue|lambda`: Terragrunt's before_hook, and Strata's."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

# Last, so that a file of the checkout cannot shadow a module of Python; `-I` adds no folder.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from strata.artifacts.archive import zip_folder
from strata.artifacts.layer import build_glue_libraries, build_layer
from strata.checkout.files import replacing
from strata.errors import StrataError


def build_glue(root: Path, out: Path) -> None:
    """Write `glue/<job>.py` for every script, and what they import.

    `glue/glue_jobs.zip` is the package with the data contracts, `glue/libraries.zip` what Glue lacks.
    """
    for script in sorted((root / "glue_jobs" / "scripts").glob("*.py")):
        with replacing(out / "glue" / script.name) as draft:
            shutil.copyfile(str(script), str(draft))
    # Only what a job reads may change the bytes, not an editor's temporary file.
    zip_folder(root / "glue_jobs", "glue_jobs/", out / "glue" / "glue_jobs.zip", (".py", ".yaml"))
    build_glue_libraries(root, out / "glue" / "libraries.zip")


def build_lambda(root: Path, out: Path, architecture: str) -> None:
    """Write `lambda/snowflake_external_table.zip`, the functions, and `lambda/layer.zip`, their libraries."""
    source = root / "lambda_functions" / "snowflake_external_table"
    zip_folder(source, "", out / "lambda" / f"{source.name}.zip", (".py",))
    build_layer(root, architecture, out / "lambda" / "layer.zip")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -I strata/artifacts/__main__.py",
        description=(
            "Build what Terraform uploads. The same input gives the same bytes, whatever the machine, time, "
            "folder or umask. Python 3.9 or newer is required, and pip for libraries."
        ),
        epilog=(
            "build glue writes glue/<job>.py, glue/glue_jobs.zip and glue/libraries.zip; build lambda "
            "writes lambda/snowflake_external_table.zip and lambda/layer.zip. Wheels are kept in "
            "ROOT/.strata/cache. "
            "With STRATA_LOCAL set, as for the embedded cloud, the layer is for this machine. "
            "Example: python3 -I strata/artifacts/__main__.py build glue --root ."
        ),
    )
    actions = parser.add_subparsers(dest="action", required=True)
    build = actions.add_parser("build", help="build the artifacts of one component")
    build.add_argument("component", choices=["glue", "lambda"])
    build.add_argument("--root", type=Path, required=True, help="root of the checkout")
    build.add_argument(
        "--out", type=Path, default=Path("artifacts"), help="output folder (default: artifacts)"
    )
    build.add_argument(
        "--architecture",
        choices=["x86_64", "arm64"],
        default="x86_64",
        help="architecture of the Lambda functions (default: x86_64)",
    )
    arguments = parser.parse_args()
    try:
        if arguments.component == "glue":
            build_glue(arguments.root.resolve(), arguments.out)
        else:
            build_lambda(arguments.root.resolve(), arguments.out, arguments.architecture)
    except (StrataError, OSError) as error:
        print(f"artifacts: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
