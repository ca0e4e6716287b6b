"""What is generated: the READMEs' tables and the stamped files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from strata.modules.docs import BEGIN, END, documented
from strata.modules.interface import read_module
from strata.modules.stamps import read_sources, stamped
from strata.terraform.providers import AWS_VERSION

from .conftest import STORE, Library, Ran

Strata = Callable[..., Ran]


def test_tables_are_written_once_and_found_fresh(library: Library, strata: Strata) -> None:
    assert strata("modules", "docs", "--check").code == 0
    library.replace("modules/store/outputs.tf", "Name of", "The name of")
    stale = strata("modules", "docs", "--check")
    assert (stale.code, stale.out) == (1, "not up to date: modules/store/README.md\n")
    assert strata("modules", "docs").out == "wrote: modules/store/README.md\n"
    assert "| `bucket` | The name of the bucket. |" in library.read("modules/store/README.md")
    assert strata("modules", "docs", "--check").code == 0


def test_a_readme_without_markers_gets_its_tables_at_the_end(library: Library, strata: Strata) -> None:
    library.write("modules/store/README.md", "# store\n\nText.\n")
    strata("modules", "docs")
    text = library.read("modules/store/README.md")
    assert text.startswith(f"# store\n\nText.\n\n{BEGIN}\n\n## Inputs\n")
    assert text.endswith(f"{END}\n")
    assert text.partition(BEGIN)[2] == STORE["modules/store/README.md"].partition(BEGIN)[2]


@pytest.mark.parametrize("text", [f"{END}\n{BEGIN}\n", f"{BEGIN}\n", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"])
def test_markers_out_of_order_are_refused(text: str, library: Library, strata: Strata) -> None:
    library.write("modules/store/README.md", text)
    ran = strata("modules", "docs")
    assert ran.code == 1
    assert ran.err.startswith("error: modules/store/README.md: the markers of the tables are not in order")
    assert library.read("modules/store/README.md") == text


def test_a_cell_keeps_what_markdown_would_take() -> None:
    text = (
        'variable "a" {\n  description = <<-EOT\n    One of x|y, `p|q`,\n    <name> or *.\n  EOT\n'
        '  type = object({\n    b = optional(string, "x|<y>")\n  })\n  default = { b = "|" }\n}\n'
    )
    made = documented("# m\n", read_module("m", {"main.tf": text.encode()}, "modules/m"), "README.md")
    row = next(line for line in made.splitlines() if line.startswith("| `a`"))
    assert row == (
        "| `a` | One of x&#124;y, `p\\|q`, &lt;name&gt; or &#42;. "
        '| <pre>object({<br/>  b = optional(string, "x&#124;&lt;y&gt;")<br/>})</pre> | `{ b = "\\|" }` |'
    )


def test_the_stamp_writes_every_module_from_one_source(library: Library, strata: Strata) -> None:
    assert strata("modules", "stamp", "--check").code == 0
    library.replace("modules/default-versions.tf", "~> 5.100", "~> 5.101")
    stale = strata("modules", "stamp", "--check")
    assert (stale.code, stale.out) == (1, "not up to date: modules/store/versions.tf\n")
    strata("modules", "stamp")
    text = library.read("modules/store/versions.tf")
    assert '"~> 5.101"' in text
    assert "snowflake" not in text
    # The module uses a second provider now.
    library.write("modules/store/more.tf", 'resource "snowflake_database" "this" {\n  name = "X"\n}\n')
    strata("modules", "stamp")
    assert library.read("modules/store/versions.tf").count("source  =") == 2


def test_a_provider_without_a_version_is_refused_and_nothing_written(
    library: Library, strata: Strata
) -> None:
    library.replace("modules/default-context.tf", "Where", "There where")
    library.write("modules/store/more.tf", '\nresource "random_id" "this" {}\n')
    ran = strata("modules", "stamp")
    assert ran.code == 1
    assert ran.err.startswith("error: modules/store/more.tf:2: provider random has no version")
    assert "There where" not in library.read("modules/store/context.tf")


def test_a_module_of_no_provider_asks_for_none() -> None:
    module = read_module("m", {"main.tf": b'resource "terraform_data" "this" {}\n'}, "modules/m")
    root = Path(__file__).resolve().parents[2]
    text = stamped(module, read_sources(root / "modules", "modules"))["versions.tf"]
    assert text == 'terraform {\n  required_version = ">= 1.11"\n}\n'


def test_the_runner_downloads_a_provider_that_the_modules_accept(root: Path) -> None:
    source = read_sources(root / "modules", "modules")["versions.tf"]
    # The oldest of the accepted ones, so that nothing newer is needed.
    assert 'version = ">= 5.100, < 7"' in source.text
    assert AWS_VERSION == "~> 5.100"
