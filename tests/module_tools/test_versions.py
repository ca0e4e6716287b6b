"""Releases of modules: tags, the number that a change calls for, and environments that run different ones."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from strata.errors import StrataError
from strata.modules.versions import Version

from .conftest import Library, Ran

Strata = Callable[..., Ran]

MAP_INPUT = """\
variable "names" {
  description = "Names of the buckets."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for n in var.names : can(regex("^[a-z]+$", n))])
    error_message = "names must be lower-case letters."
  }
}
"""


def _release(library: Library, version: str) -> None:
    library.replace(
        "modules/store/CHANGELOG.md", "## ", f"## {version} (2026-12-01)\n\n# Why\nBecause.\n\n## "
    )


def _break(library: Library) -> None:
    """`name` becomes `names`: callers have to change."""
    library.write("modules/store/variables.tf", MAP_INPUT)
    library.replace("modules/store/main.tf", "var.name", 'join("-", var.names)')


def test_one_environment_runs_the_working_tree_and_another_a_release(
    library: Library, strata: Strata
) -> None:
    tag = strata("modules", "tag", "store")
    assert tag.code == 0
    assert "tagged store/v1.0.0" in tag.out
    _break(library)
    library.replace("live/dev/store/terragrunt.hcl", 'name = "x"', 'names = ["x"]')
    library.commit("Many buckets")

    dev, staging = (
        library.tree().render(f"live/{name}/store", command="plan") for name in ("dev", "staging")
    )
    assert dev.source == f"{library.root}/modules//store"
    assert staging.source.endswith("//modules/store?ref=store/v1.0.0")
    assert 'variable "names"' in (dev.module_dir / "variables.tf").read_text()
    assert 'variable "name"' in (staging.module_dir / "variables.tf").read_text()
    assert (staging.module_dir / "note.txt").read_text() == "kept\n"

    diff = strata("modules", "diff", "store")
    assert diff.code == 0
    assert diff.out.splitlines() == [
        "major input name: removed",
        "major input names: added, and callers have to give it",
        "store 1.0.0 -> 2.0.0 at least (major)",
    ]

    _release(library, "1.1.0")
    library.commit("Release 1.1.0")
    refused = strata("modules", "tag", "store")
    assert refused.code == 1
    assert "1.1.0 is too small a step from 1.0.0: input name removed" in refused.err
    assert "a major change makes it 2.0.0" in refused.err
    library.replace("modules/store/CHANGELOG.md", "1.1.0", "2.0.0")
    library.commit("Release 2.0.0")
    assert strata("modules", "tag", "store").code == 0

    # Promotion.
    library.replace("live/staging/env.hcl", 'store = "1.0.0"', 'store = "2.0.0"')
    assert library.git("diff", "--numstat") == "1\t1\tlive/staging/env.hcl"
    promoted = library.tree().render("live/staging/store", command="plan")
    assert 'variable "names"' in (promoted.module_dir / "variables.tf").read_text()


def test_a_pin_that_is_no_release_names_the_unit(library: Library) -> None:
    with pytest.raises(StrataError, match=r"has no version `store/v1\.0\.0`") as caught:
        library.tree().render("live/staging/store", command="plan")
    assert str(caught.value.file).endswith("live/staging/store/terragrunt.hcl")


def test_the_tag_is_annotated_and_carries_the_notes(library: Library, strata: Strata) -> None:
    _release(library, "1.0.1")
    library.commit("Release")
    assert strata("modules", "tag", "store", "1.0.1").code == 0
    assert library.git("cat-file", "-t", "store/v1.0.1") == "tag"
    assert (
        library.git("tag", "-l", "--format=%(contents)", "store/v1.0.1") == "store 1.0.1\n\n# Why\nBecause."
    )


def test_a_larger_number_than_needed_is_allowed(library: Library, strata: Strata) -> None:
    strata("modules", "tag", "store")
    _release(library, "3.0.0")
    library.commit("Release")
    assert strata("modules", "tag", "store").code == 0


def test_an_old_line_is_mended(library: Library, strata: Strata) -> None:
    strata("modules", "tag", "store")
    old = library.git("rev-parse", "HEAD")
    _break(library)
    _release(library, "2.0.0")
    library.commit("Release 2.0.0")
    assert strata("modules", "tag", "store").code == 0
    library.git("checkout", "--quiet", "-b", "fix", old)
    library.write("modules/store/note.txt", "mended\n")
    _release(library, "1.0.1")
    library.commit("Release 1.0.1")
    fixed = strata("modules", "tag", "store")
    assert fixed.code == 0, fixed.err
    assert library.repository.released("store") == [Version(1, 0, 0), Version(1, 0, 1), Version(2, 0, 0)]


def _again(library: Library) -> None:
    library.repository.tag("store")


def _uncommitted(library: Library) -> None:
    library.write("modules/store/extra.tf", "# not committed\n")


def _no_changelog(library: Library) -> None:
    (library.root / "modules/store/CHANGELOG.md").unlink()


def _no_date(library: Library) -> None:
    library.replace("modules/store/CHANGELOG.md", " (2026-11-23)", "")


def _wrong_order(library: Library) -> None:
    library.write("modules/store/CHANGELOG.md", "## 1.0.0 (2026-11-23)\n\na\n\n## 1.1.0 (2026-11-24)\n\nb\n")


def _empty_changelog(library: Library) -> None:
    library.write("modules/store/CHANGELOG.md", "# store\n")


@pytest.mark.parametrize(
    ("prepare", "arguments", "said"),
    [
        (
            _again,
            ["store"],
            "error: the tag store/v1.0.0 exists (a release never changes: take the next number)",
        ),
        (
            None,
            ["store", "1.1.0"],
            "error: modules/store/CHANGELOG.md:3: the first release is 1.0.0, not 1.1.0 ",
        ),
        (None, ["store", "v1.0.0"], "error: `v1.0.0` is not a version (write three numbers such as 1.2.0"),
        (None, ["store", "1.0"], "error: `1.0` is not a version"),
        (None, ["store", "01.0.0"], "error: `01.0.0` is not a version"),
        (None, ["shop"], "error: module shop does not exist (there are store)"),
        (
            _uncommitted,
            ["store"],
            "error: modules/store/extra.tf is not committed (commit: a tag names a commit",
        ),
        (_no_changelog, ["store"], "error: modules/store/CHANGELOG.md: the file does not exist"),
        (_no_date, ["store"], "error: modules/store/CHANGELOG.md:3: `## 1.0.0` is not a release"),
        (_wrong_order, ["store"], "error: modules/store/CHANGELOG.md:5: 1.1.0 stands below 1.0.0"),
        (_empty_changelog, ["store"], "error: modules/store/CHANGELOG.md: no release"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else None,
)
def test_what_is_not_tagged(
    prepare: Callable[[Library], None] | None,
    arguments: list[str],
    said: str,
    library: Library,
    strata: Strata,
) -> None:
    if prepare:
        prepare(library)
    before = library.git("tag", "--list")
    ran = strata("modules", "tag", *arguments)
    assert ran.code == 1
    assert ran.err.startswith(said)
    assert len(ran.err.strip().splitlines()) == 1
    assert library.git("tag", "--list") == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shop"], "error: module shop does not exist (there are store)"),
        (["store", "9.9.9"], "error: no such tag: store/v9.9.9 (released: none so far)"),
        (["store", "latest"], "error: `latest` is not a version"),
    ],
)
def test_wrong_input_to_diff(arguments: list[str], said: str, library: Library, strata: Strata) -> None:
    ran = strata("modules", "diff", *arguments)
    assert (ran.code, ran.err.startswith(said), len(ran.err.strip().splitlines())) == (1, True, 1), ran.err


def test_a_module_that_does_not_parse_names_the_line(library: Library, strata: Strata) -> None:
    strata("modules", "tag", "store")
    library.replace("modules/store/main.tf", "bucket = local.bucket", "bucket = = local.bucket")
    ran = strata("modules", "diff", "store")
    assert ran.code == 1
    assert ran.err.startswith("error: modules/store/main.tf:6: syntax error")


def test_nothing_changed_calls_for_nothing(library: Library, strata: Strata) -> None:
    assert strata("modules", "diff", "store").out == "store was never released: its first version is 1.0.0\n"
    strata("modules", "tag", "store")
    assert strata("modules", "diff", "store").out == "store is unchanged since 1.0.0\n"


def test_a_module_that_a_released_one_calls_is_compared_with_the_one_of_its_tag(
    library: Library, strata: Strata
) -> None:
    library.write("modules/shelf/main.tf", 'resource "aws_s3_bucket" "old" {\n  bucket = "x"\n}\n')
    library.replace(
        "modules/store/main.tf", "locals {", 'module "shelf" {\n  source = "../shelf"\n}\n\nlocals {'
    )
    library.commit("Call another module")
    strata("modules", "tag", "store")
    assert strata("modules", "diff", "store").out == "store is unchanged since 1.0.0\n"
    library.replace("modules/shelf/main.tf", '"old"', '"new"')
    said = strata("modules", "diff", "store").out
    assert said.endswith("store 1.0.0 -> 2.0.0 at least (major)\n")
    assert "resource module.shelf.aws_s3_bucket.old" in said


def test_other_peoples_tags_are_no_releases(library: Library) -> None:
    for tag in ("store/v1.0.0-rc1", "store/vnext", "shop/v1.0.0"):
        library.git("tag", tag)
    assert library.repository.released("store") == []


def test_the_list_says_what_runs_where(library: Library, strata: Strata) -> None:
    strata("modules", "tag", "store")
    library.write("modules/store/note.txt", "other\n")
    row = {
        "module": "store",
        "version": "1.0.0",
        "released": "1.0.0",
        "change": "patch",
        "environments": {"dev": "local", "staging": "1.0.0"},
    }
    assert json.loads(strata("modules", "list", "--json").out) == [row]
    shown = strata("modules", "list").out
    assert all(word in shown for word in ("store", "1.0.0", "patch", "local", "staging"))


def test_what_git_refuses_is_said_in_its_words(library: Library, strata: Strata) -> None:
    library.git("tag", "store/v1.0.0/x")
    ran = strata("modules", "tag", "store")
    assert ran.code == 1
    assert ran.err.startswith("error: `git tag` failed: fatal: cannot lock ref 'refs/tags/store/v1.0.0'")
    assert library.git("tag", "--list") == "store/v1.0.0/x"
