"""Where modules may lie, and what of a repository Terraform is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.testing.cases.case import Case, Expectation
from strata.testing.cases.composition import CaseRoot
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.readme import read_examples

FILES = {
    "main.tf": 'module "queue" { source = "./modules/queue" }\n',
    "policies/read.json": "{}",
    "modules/queue/main.tf": 'module "letters" { source = "./letters" }\n',
    "modules/queue/letters/main.tf": 'variable "name" { default = file("${path.module}/../../../policies/read.json") }\n',
    "modules/topic/main.tf": "",
    "infra/network/main.tf": "",
    "infra/parts/other/README.md": "",
    "infra/parts/queue/main.tf": "",
    "shared/included.tf": "",
    "shared/inner/main.tf": "",
    "tests/modules/root/x.yaml": "expect: {counts: {resources: 1}}\n",
    ".git/objects/1": "",
    ".terraform/providers/1": "",
    ".strata/1": "",
    "terraform.tfstate": "",
    "modules/queue/.terraform/1": "",
    "modules/queue/terraform.tfstate.backup": "",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "[repository]"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def layout(root: Path, *modules: str) -> RepositoryLayout:
    return RepositoryLayout(
        root, tuple(root / name for name in modules), root / "tests/modules", root / ".strata"
    )


def sound(module: str, **more: object) -> Case:
    return Case("id", "x", module, expect=Expectation(counts={"resources": 1}), **more)  # type: ignore[arg-type]


def test_hidden_files_are_not_part_of_a_module(repository: Path) -> None:
    # Editors and macOS leave such beside the file; Terraform passes over them.
    (repository / "modules/topic/._main.tf").write_text("not HCL {")
    (repository / "modules/topic/.#main.tf").write_text("not HCL {")
    assert [file.name for file in layout(repository, "modules").module("topic").files] == [
        "modules/topic/main.tf"
    ]


@pytest.mark.parametrize(
    ("modules", "names"),
    [
        (("modules",), ["queue", "topic"]),
        ((".",), ["root"]),
        (("modules", "."), ["queue", "root", "topic"]),
        (("infra",), ["network"]),
        (("infra/network", "modules/topic"), ["network", "topic"]),
        (("modules/queue",), ["queue"]),
        (("modules/queue", "modules", "modules"), ["queue", "topic"]),
        (("modules/*", "infra/*"), ["network", "queue", "topic"]),
        (("infra/*/*",), ["queue"]),
        (("shared",), ["shared"]),
        (("shared/*",), ["inner"]),
        (("[.]",), []),
        (("nowhere",), []),
    ],
)
def test_a_folder_is_a_module_or_holds_some(
    repository: Path, modules: tuple[str, ...], names: list[str]
) -> None:
    assert layout(repository, *modules).names == names


def test_two_modules_of_one_name_are_refused_by_place(repository: Path) -> None:
    both = layout(repository, "modules", "infra/parts", "infra")
    assert both.module("topic").folder == "modules/topic"
    with pytest.raises(StrataError) as caught:
        both.module("queue")
    assert str(caught.value) == (
        "two modules are named queue: modules/queue and infra/parts/queue (rename one, or leave it out of strata_modules)"
    )


def test_an_unknown_module_is_refused_with_the_folders(repository: Path) -> None:
    with pytest.raises(StrataError, match=r"^no module tpic in modules or infra$"):
        layout(repository, "modules", "infra").module("tpic")


def test_the_root_module_reads_its_own_files_only(repository: Path) -> None:
    root = layout(repository, ".").module("root")
    assert [file.name for file in root.files] == ["main.tf"]
    assert [file.name for file in root.nested["queue"].nested["letters"].files] == [
        "modules/queue/letters/main.tf"
    ]
    assert root.others == {}


def shown(folder: Path) -> dict[str, bool]:
    """What lies below a folder: whether each is a link."""
    return {
        path.relative_to(folder).as_posix(): path.is_symlink()
        for path in sorted(folder.rglob("*"))
        if not any(
            parent.is_symlink()
            for parent in path.relative_to(folder).parents
            if (folder / parent).is_symlink()
        )
    }


def test_terraform_sees_no_hidden_file_no_state_and_no_test(repository: Path, tmp_path: Path) -> None:
    root = CaseRoot(tmp_path / "root", layout(repository, ".", "modules", "infra"))
    call = root.add(sound("root"), own_copy=False)
    assert '"source": "./repository"' in (root.folder / call.file).read_text()
    # Folders of modules are real ones: Terraform would resolve a link to an absolute path.
    assert shown(root.folder / "repository") == {
        "infra": True,
        "main.tf": True,
        "modules": False,
        "modules/queue": False,
        "modules/queue/letters": False,
        "modules/queue/letters/main.tf": True,
        "modules/queue/main.tf": True,
        "modules/topic": True,
        "policies": True,
        "shared": True,
    }  # fmt: skip


def test_a_link_gives_way_when_a_later_case_needs_the_folder(repository: Path, tmp_path: Path) -> None:
    root = CaseRoot(tmp_path / "root", layout(repository, "modules", "infra"))
    root.add(sound("topic"), own_copy=False)
    assert (root.folder / "repository/modules/queue").is_symlink()
    call = root.add(sound("queue"), own_copy=False)
    assert '"source": "./repository/modules/queue"' in (root.folder / call.file).read_text()
    assert not (root.folder / "repository/modules/queue").is_symlink()
    assert not (root.folder / "repository/modules/topic").is_symlink()
    assert (root.folder / "repository/modules/queue/letters/main.tf").read_text() == FILES[
        "modules/queue/letters/main.tf"
    ]
    assert (repository / "modules/queue/main.tf").read_text() == FILES["modules/queue/main.tf"]


def test_an_own_copy_keeps_what_lies_beside(repository: Path, tmp_path: Path) -> None:
    root = CaseRoot(tmp_path / "root", layout(repository, "modules"))
    call = root.add(sound("queue"), own_copy=True)
    assert (root.folder / call.tree / "modules/queue/letters/../../../policies/read.json").read_text() == "{}"


def test_modules_may_lie_outside_of_pytests_root(repository: Path, tmp_path: Path) -> None:
    tests = repository / "tests"
    own = RepositoryLayout(tests, (repository / "modules",), tests / "modules", tests / ".strata")
    root = CaseRoot(tmp_path / "root", own)
    call = root.add(sound("topic"), own_copy=False)
    assert '"source": "./repository/modules/topic"' in (root.folder / call.file).read_text()


@pytest.mark.parametrize("source", ["./", "../..", "../../", "."])
def test_a_source_without_a_name_is_the_readmes_module(repository: Path, tmp_path: Path, source: str) -> None:
    readme = repository / "README.md"
    readme.write_text(f'<!-- case: small -->\n```hcl\nmodule "it" {{\n  source = "{source}"\n}}\n```\n')
    own = layout(repository, ".", "modules")
    (case,) = read_examples(readme, own, "README.md")
    assert case.module == "root"
    root = CaseRoot(tmp_path / "root", own)
    call = root.add(case, own_copy=False)
    assert (
        '  source = "../../repository"\n' in (root.folder / "examples" / call.label / "main.tf").read_text()
    )
