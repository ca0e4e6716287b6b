"""Which folders are environments and units: filters as Terragrunt's, hidden folders, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.live.discovery import all_units, environments, find_units, units_of
from strata.live.pins import pins

Write = Callable[[Mapping[str, str]], Path]

UNITS = ["live/dev/a", "live/dev/b", "live/dev/group/a", "live/prod/a"]
FILES = dict.fromkeys([f"{path}/terragrunt.hcl" for path in UNITS], "")

# The lines of .terragrunt-filters, and the units that pass.
FILTERS: list[tuple[str, list[str]]] = [
    ("", UNITS),
    ("# ./live/prod/**\n\n  \n", UNITS),
    ("./live/dev/**\n", UNITS[:3]),
    ("  ./live/dev/**  \n", UNITS[:3]),
    ("./live/dev/*\n", UNITS[:2]),
    ("./live/dev/?\n", UNITS[:2]),
    ("./live/*/a\n", ["live/dev/a", "live/prod/a"]),
    ("./live/**/a\n", ["live/dev/a", "live/dev/group/a", "live/prod/a"]),
    ("./live/dev/a/\n", UNITS[:1]),
    ("./live/dev/a\n./live/prod/a\n", ["live/dev/a", "live/prod/a"]),
    ("!./live/dev/a\n", UNITS[1:]),
    ("! ./live/dev/a\n", UNITS[1:]),
    ("!./live/dev/*\n!./live/prod/a\n", ["live/dev/group/a"]),
    ("./live/dev/**\n!./live/dev/b\n", ["live/dev/a", "live/dev/group/a"]),
    ("./live/dev\n", []),
    ("./live/dev.a\n", []),
    ("./dev/a\n", []),
]


@pytest.mark.parametrize(("text", "passing"), FILTERS)
def test_a_filter(text: str, passing: list[str], write: Write) -> None:
    root = write({**FILES, ".terragrunt-filters": text})
    assert find_units(root) == passing
    found = [path for name in ("dev", "prod") for path in units_of(root, name)]
    assert found == passing


@pytest.mark.parametrize(
    "text",
    ["live/dev/a", "a", "{./live/dev/a}", "./live/{dev,prod}/a", "./live/[ab]", "./live/dev/a | ./live/prod/a", "./live/dev/a...", "...^./live/dev/a", "name=a", "./live/a=b", "!a", "/live/dev"],
)  # fmt: skip
def test_a_filter_of_another_kind(text: str, write: Write) -> None:
    root = write({**FILES, ".terragrunt-filters": f"# ours\n\n{text}\n"})
    with pytest.raises(StrataError) as caught:
        find_units(root)
    assert caught.value.message == f"the filter `{text}` is not supported"
    assert (caught.value.file, caught.value.line) == (str(root / ".terragrunt-filters"), 3)


def test_the_top_folder_is_a_unit_of_its_own_name(write: Write) -> None:
    root = write({"terragrunt.hcl": "", "live/dev/a/terragrunt.hcl": "", "live/.hidden/a/terragrunt.hcl": ""})
    assert find_units(root) == [".", "live/.hidden/a", "live/dev/a"]


def test_hidden_folders_are_looked_into_but_those_of_tools(write: Write) -> None:
    # As `terragrunt find` of 1.1.3, which leaves out its own, Terraform's and Git's.
    hidden = (
        ".shared/b",
        ".terragrunt-cache/c",
        ".terraform/d",
        ".git/x",
        ".terragrunt-stack/s",
        ".strata/y",
    )
    root = write(dict.fromkeys([f"live/dev/{name}/terragrunt.hcl" for name in ("a", *hidden)], ""))
    assert units_of(root, "dev") == ["live/dev/.shared/b", "live/dev/.terragrunt-stack/s", "live/dev/a"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("terragrunt.stack.hcl", "stacks are not read"),
        ("a/terragrunt.stack.hcl", "stacks are not read"),
        ("a/terragrunt.values.hcl", "values of a stack are not read"),
        ("new/terragrunt.hcl.json", "units in JSON are not read"),
        ("a/terraform.tfvars", "Terraform would load these variables"),
        ("a/terraform.tfvars.json", "Terraform would load these variables"),
        ("a/x.auto.tfvars", "Terraform would load these variables"),
        (".shared/x.auto.tfvars.json", "Terraform would load these variables"),
    ],
)
def test_what_is_not_read_is_refused_with_its_place(name: str, fault: str, write: Write) -> None:
    root = write({**FILES, f"live/dev/{name}": ""})
    with pytest.raises(StrataError, match=fault) as caught:
        units_of(root, "dev")
    assert (caught.value.file, caught.value.line) == (str(root / "live/dev" / name), 1)
    assert caught.value.remedy
    assert units_of(root, "prod") == UNITS[3:]


@pytest.mark.parametrize("name", ["terragrunt.stack.hcl", "a/terragrunt.values.hcl", "b/terragrunt.hcl.json"])
@pytest.mark.parametrize("top", ["live/dev", "live/_shared", "units"])
def test_what_is_not_read_is_refused_in_any_repository(name: str, top: str, write: Write) -> None:
    root = write({f"{top}/a/terragrunt.hcl": "", f"{top}/{name}": ""})
    with pytest.raises(StrataError) as caught:
        all_units(root)
    assert (caught.value.file, caught.value.line) == (str(root / top / name), 1)


def test_variables_beside_a_unit_elsewhere_are_let_be(write: Write) -> None:
    # No environment is planned as one there, and Terragrunt's `render` shows none of them either.
    root = write({"units/a/terragrunt.hcl": "", "units/a/terraform.tfvars": ""})
    assert all_units(root) == ["units/a"]


def test_variables_that_no_program_loads_by_itself_are_let_be(write: Write) -> None:
    root = write({**FILES, "live/dev/a/more.tfvars": "", "live/dev/.terragrunt-cache/x/terraform.tfvars": ""})
    assert units_of(root, "dev") == UNITS[:3]


def test_a_folder_of_live_is_an_environment_unless_its_name_says_no(write: Write) -> None:
    root = write(
        {
            "live/prod/a/terragrunt.hcl": "",
            "live/dev/env.hcl": "",
            "live/_components/x.hcl": "",
            "live/.cache/a/terragrunt.hcl": "",
            "live/notes.txt": "",
        }
    )
    assert environments(root) == ["dev", "prod"]


@pytest.mark.parametrize(
    "name", ["qa", "_components", ".cache", "notes.txt", "dev/a", "../live/dev", "", "."]
)
def test_what_is_not_an_environment(name: str, write: Write) -> None:
    files = {"live/_components/terragrunt.hcl": "", "live/.cache/terragrunt.hcl": "", "live/notes.txt": ""}
    root = write({**FILES, **files})
    with pytest.raises(StrataError) as caught:
        units_of(root, name)
    assert caught.value.message == f"environment `{name}` does not exist"
    assert caught.value.remedy == "use one of: dev, prod"


def test_the_units_of_an_environment_lie_below_its_folder(write: Write) -> None:
    root = write({**FILES, "live/dev/terragrunt.hcl": "", "live/dev/.cache/terragrunt.hcl": ""})
    assert units_of(root, "dev") == ["live/dev/.cache", *UNITS[:3]]
    assert units_of(root, "prod") == UNITS[3:]


def test_no_environment_and_no_unit(write: Write) -> None:
    root = write({"live/_components/x.hcl": "", "live/readme": ""})
    with pytest.raises(StrataError) as caught:
        units_of(root, "dev")
    assert caught.value.remedy == "use one of: none exist"
    (root / "live/dev").mkdir()
    with pytest.raises(StrataError, match="the environment `dev` has no unit") as caught:
        units_of(root, "dev")
    assert caught.value.file == str(root / "live/dev")


def test_a_repository_without_a_live_folder(write: Write) -> None:
    root = write({"live": ""})
    with pytest.raises(StrataError) as caught:
        environments(root)
    assert caught.value.message == f"no folder below {root} holds a terragrunt.hcl"
    assert caught.value.remedy == "run it in a Terragrunt repository"
    # Then the whole repository is one environment; a file at the top is what its units include.
    (root / "terragrunt.hcl").touch()
    assert (environments(root), units_of(root, ".")) == (["."], ["."])
    (root / "a").mkdir()
    (root / "a/terragrunt.hcl").touch()
    assert (environments(root), units_of(root, ".")) == (["."], ["a"])


def test_the_versions_that_environments_run(write: Write) -> None:
    root = write(
        {
            "live/dev/env.hcl": 'locals {\n  versions = {\n    "s3" = "local"\n    iam = "v1.0.0"\n  }\n}\n',
            "live/prod/env.hcl": "locals {\n  versions = {}\n}\n",
            "live/_components/env.hcl": "",
        }
    )
    assert pins(root) == {"dev": {"s3": "local", "iam": "v1.0.0"}, "prod": {}}


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("", "`locals` has no `versions`", None),
        ("versions = {}\n", "`locals` has no `versions`", None),
        ("locals {\n  version = {}\n}\n", "`locals` has no `versions`", None),
        ('locals {\n  versions = {\n    a = "x"\n    b = upper("x")\n  }\n}\n', "a version is a plain string", 4),
        ("locals {\n  versions = {\n    a = 1\n  }\n}\n", "a version is a plain string", 3),
        ('locals {\n  versions = {\n    (local.x) = "x"\n  }\n}\n', "a version is a plain string", 3),
        ("locals {\n  versions =\n}\n", "syntax error", 2),
    ],
)  # fmt: skip
def test_versions_that_cannot_be_read(text: str, says: str, line: int | None, write: Write) -> None:
    root = write({"live/dev/env.hcl": text})
    with pytest.raises(StrataError) as caught:
        pins(root)
    assert says in caught.value.message
    assert (caught.value.file, caught.value.line) == ("live/dev/env.hcl", line)


def test_an_environment_without_its_file_has_no_versions(write: Write) -> None:
    root = write({"live/dev/a/terragrunt.hcl": ""})
    with pytest.raises(StrataError, match="the file does not exist") as caught:
        pins(root)
    assert caught.value.file == "live/dev/env.hcl"
