"""What the plan of an environment takes from the process that asks for it, and what it leaves in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.live.model import ExtraArguments, GeneratedFile, RenderedUnit, Unit
from strata.terraform.environment_plan import (
    EnvironmentPlanner,
    _emptied,
    _link_products,
    _Locator,
    _refuse_arguments,
    _UnitPart,
)
from strata.terraform.environment_root import Root
from strata.terraform.root_module import UnitModule
from strata.terraform.workdir import WorkingDirectory


def test_a_plan_of_a_real_account_takes_logins_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "SNOWFLAKE_USER", "STRATA_LOCAL", "TF_VAR_secret", "EDITOR"):
        monkeypatch.setenv(name, name.lower())
    nothing: Any = None
    planner = EnvironmentPlanner(nothing, nothing, None, tmp_path, login={"AWS_SESSION_TOKEN": "t"})
    given = planner._cloud()
    assert (
        given
        | {
            "AWS_PROFILE": "aws_profile",
            "SNOWFLAKE_USER": "snowflake_user",
            "STRATA_LOCAL": "strata_local",
            "AWS_SESSION_TOKEN": "t",
        }
        == given
    )
    assert not {"TF_VAR_secret", "EDITOR", "PATH"} & given.keys()


def test_no_state_and_no_plan_are_left_by_this_run_or_one_that_was_killed(tmp_path: Path) -> None:
    root = tmp_path / "source/root"
    root.mkdir(parents=True)
    files = [tmp_path / "plan.tfplan", root / "terraform.tfstate", root / "terraform.tfstate.backup"]
    for file in files:
        file.write_text("a secret")
    with _emptied(tmp_path / "new"):
        pass
    with _emptied(tmp_path):
        assert not any(file.exists() for file in files)
        for file in files:
            file.write_text("a secret")
    assert not any(file.exists() for file in files)


def unit(root: Path, component: str, **rendered: Any) -> _UnitPart:
    """A unit's part of a plan, laid out; its module has the files of `module`."""
    module, unit_dir, source = (root / kind / component for kind in ("modules", "live/dev", "work"))
    for folder in (module, unit_dir, source / "source" / component):
        folder.mkdir(parents=True)
    known = Unit(f"live/dev/{component}", "dev", component, unit_dir / "terragrunt.hcl", (), ())
    made = RenderedUnit(
        path=known.path,
        source="",
        module_dir=module,
        source_root=root / "modules",
        inputs={},
        remote_state={},
        generated=(GeneratedFile("backend.tf", ""),),
        before_hooks=(),
        after_hooks=(),
        env_vars={},
        prevent_destroy=False,
        **rendered,
    )
    directory = WorkingDirectory(source / "source" / component, source, root / "modules", unit_dir)
    empty = UnitModule(frozenset(), frozenset(), {}, {}, (), ())
    return _UnitPart(component, known, made, empty, directory)


def build(part: _UnitPart, **files: str) -> None:
    for name, text in files.items():
        path = part.directory.path / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def extra(*words: str, commands: tuple[str, ...] = ("plan",), **more: Any) -> ExtraArguments:
    given = {"required_var_files": (), "optional_var_files": (), "env_vars": {}} | more
    return ExtraArguments("x", commands, words, **given)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((extra("-lock=false", "-lock-timeout=1m", "-no-color", "-compact-warnings", "-parallelism=3", "-input=false"),), None),
        ((extra("-target=a", "-var=b", commands=("apply", "init")),), None),
        ((extra("-no-color", "-target=a"),), "-target=a"),
        ((extra("-refresh=false"),), "-refresh=false"),
        ((extra(commands=("apply",)), extra("-lock=false", commands=("apply", "plan"), required_var_files=("r.tfvars",))), "r.tfvars"),
        ((extra(optional_var_files=("o.tfvars",)),), "o.tfvars"),
        ((extra(env_vars={"TF_VAR_a": "b"}),), "TF_VAR_a"),
    ],
)  # fmt: skip
def test_arguments_that_would_change_one_units_plan_are_refused(
    arguments: tuple[ExtraArguments, ...], told: str | None, tmp_path: Path
) -> None:
    part = unit(tmp_path, "a", extra_arguments=arguments)
    if told is None:
        _refuse_arguments(part.rendered, part.unit.file)
        return
    with pytest.raises(StrataError) as raised:
        _refuse_arguments(part.rendered, part.unit.file)
    assert str(raised.value) == (
        f"{tmp_path}/live/dev/a/terragrunt.hcl: live/dev/a: extra_arguments x ({told}) cannot be part of a plan of "
        "the whole environment (say it as inputs)"
    )


def test_products_are_what_hooks_have_built(tmp_path: Path) -> None:
    part = unit(tmp_path, "a")
    (part.rendered.module_dir / "main.tf").write_text("")
    (part.unit.file.parent / "own.tf").write_text("")
    build(
        part,
        **{"main.tf": "", "own.tf": "", "backend.tf": "", ".terraform.lock.hcl": ""},
        dist__a_zip="zip",
        b="",
    )
    place = part.directory.path
    assert list(part.products()) == [("b", place / "b"), ("dist/a_zip", place / "dist/a_zip")]


def test_products_are_linked_where_the_root_runs_and_old_ones_are_gone(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "old/deep").mkdir(parents=True)
    for name in ("main.tf", ".terraform.lock.hcl", "stale", "old/deep/x"):
        (root / name).write_text("before")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/kept").write_text("")
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    a, b = unit(tmp_path, "a"), unit(tmp_path, "b")
    build(a, dist__deep__a="of a", same="x")
    build(b, dist__b="of b", same="x")
    for _ in range(2):
        _link_products(root, [a, b])
        found = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())
        assert found == [".terraform.lock.hcl", "dist/b", "dist/deep/a", "main.tf", "same"]
    assert (root / "dist/deep/a").resolve() == a.directory.path / "dist/deep/a"
    # What a link leads to is not the plan's.
    assert (tmp_path / "elsewhere/kept").exists()
    build(b, same="y")
    with pytest.raises(StrataError) as raised:
        _link_products(root, [a, b])
    assert str(raised.value) == (
        f"{tmp_path}/live/dev/b/terragrunt.hcl: live/dev/a and live/dev/b build same, not the same: they cannot be "
        "planned as one (let their hooks write into folders of their own names)"
    )


def test_a_place_in_the_root_is_one_of_the_live_tree_and_else_of_the_module(tmp_path: Path) -> None:
    a, b = unit(tmp_path, "a"), unit(tmp_path, "b")
    root = tmp_path / "root"
    root.mkdir()
    (b.rendered.module_dir / "main.tf").write_text("")
    locate = _Locator(
        root, Root("", {1: (tmp_path, 1), 7: (tmp_path / "live/dev/a/terragrunt.hcl", 3)}, {}), [a, b]
    )
    main = str(root / "main.tf")
    assert locate("main.tf", 7) == (f"{tmp_path}/live/dev/a/terragrunt.hcl", 3)
    assert locate("main.tf", 8) == (main, 8)
    assert locate("main.tf", None) == (main, None)
    assert locate("../work/b/source/b/main.tf", 5) == (f"{tmp_path}/modules/b/main.tf", 5)
    assert locate("../elsewhere/x.tf", 9) == (f"{tmp_path}/elsewhere/x.tf", 9)


def test_the_root_calls_the_code_where_it_is(tmp_path: Path) -> None:
    part = unit(tmp_path, "a")
    member = part.member(tmp_path / "root/deep")
    assert (member.name, member.unit, member.module) == ("a", part.unit, part.module)
    assert member.source == "../../work/a/source/a"
    assert part.member(tmp_path / "work").source == "a/source/a"


def test_a_hook_that_fails_ends_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Any = None
    planner = EnvironmentPlanner(nothing, nothing, None, tmp_path)
    begun: list[str] = []

    def before(self: EnvironmentPlanner, part: _UnitPart) -> None:
        begun.append(part.name)
        if part.name == "b":
            raise StrataError("the hook failed")

    monkeypatch.setattr(EnvironmentPlanner, "_before", before)
    planner._run_hooks([unit(tmp_path, "a")])
    assert not planner.processes.stopped
    with pytest.raises(StrataError, match="the hook failed"):
        planner._run_hooks([unit(tmp_path, "b"), unit(tmp_path, "c")])
    assert planner.processes.stopped
    assert begun[:2] == ["a", "b"]
