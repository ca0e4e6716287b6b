"""Write each module's context.tf and versions.tf.

They are copies of modules/default-context.tf and modules/default-versions.tf, with the providers in use."""

from __future__ import annotations

from strata.cli.checkout import checkout_root
from strata.cli.module_files import write_files
from strata.cli.options import CheckOnly, Modules
from strata.modules.repository import FOLDER
from strata.modules.stamps import read_sources, stamped

EXAMPLES = ("strata modules stamp", "strata modules stamp --check")


def run(modules: Modules = None, check: CheckOnly = False) -> None:
    """Write the stamped files that are out of date, or only name them."""
    sources = read_sources(checkout_root() / FOLDER, FOLDER)
    write_files(modules, lambda module: stamped(module, sources), check)
