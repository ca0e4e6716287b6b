"""Generated live trees mean the same to Strata and to the real Terragrunt.

Hypothesis writes small repositories: a root configuration, an env.hcl, components, units that include them with every
merge strategy, depend on each other with mocks, and compute their inputs. Where Terragrunt refuses a unit, so must
Strata.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import StrataError
from strata.live import LiveTree
from tests.live.terragrunt import child_environ, render, significant
from tests.varied import VARIED

NAMES = ("alpha", "beta", "gamma")
TEXT = st.text(alphabet='aZ09 -_./:é"\\\n\t$%{}', max_size=8)
NUMBERS = st.one_of(st.integers(-9999, 9999), st.sampled_from([0.5, 1.25, 10**14]))


def quoted(text: str) -> str:
    """A string literal of HCL, by the escape rules of its specification."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return escaped.replace("${", "$${").replace("%{", "%%{").join('""')


@st.composite
def strings(draw: st.DrawFn, names: tuple[str, ...], depth: int = 2) -> str:
    """An expression that gives a string; `names` are locals that are strings."""
    plain = [quoted(draw(TEXT))] + [f"local.{name}" for name in names]
    if depth == 0:
        return draw(st.sampled_from(plain))
    inner = strings(names, depth - 1)
    form = draw(st.integers(0, 11))
    if form == 0:
        return f"upper({draw(inner)})"
    if form == 1:
        return f'"x-${{{draw(inner)}}}-y"'
    if form == 2:
        return f'format("%s|%d", {draw(inner)}, {draw(st.integers(0, 99))})'
    if form == 3:
        return f"{draw(st.sampled_from(['true', 'false']))} ? {draw(inner)} : {draw(inner)}"
    if form == 4:
        return draw(st.sampled_from(['get_env("PLANET", "none")', 'get_env("NOWHERE", "none")']))
    if form == 5:
        return draw(
            st.sampled_from(
                [
                    "get_repo_root()",
                    "basename(get_terragrunt_dir())",
                    "path_relative_to_include()",
                    "get_path_to_repo_root()",
                ]
            )
        )
    if form == 6:
        return f"try(tostring(tonumber({draw(inner)})), {draw(inner)})"
    if form == 7:
        return f'join(",", [for s in [{draw(inner)}, {draw(inner)}] : lower(s)])'
    if form == 8:
        return f"jsonencode({draw(values(names, depth - 1))})"
    if form == 9:
        return f'"%{{ if {draw(inner)} == "" }}empty%{{ else }}full%{{ endif }}"'
    return draw(st.sampled_from(plain))


@st.composite
def values(draw: st.DrawFn, names: tuple[str, ...], depth: int = 2) -> str:
    """An expression that gives anything."""
    form = draw(st.integers(0, 8)) if depth else draw(st.integers(0, 2))
    if form == 0:
        return json.dumps(draw(NUMBERS))
    if form == 1:
        return draw(st.sampled_from(["true", "false", "null"]))
    if form == 2:
        return draw(strings(names, 0))
    if form == 3:
        return draw(strings(names, depth))
    items = draw(st.lists(values(names, depth - 1), max_size=3))
    if form == 4:
        return f"[{', '.join(items)}]"
    if form == 5:
        return f"concat([{', '.join(items)}], [])"
    pairs = ", ".join(f"{key} = {item}" for key, item in zip(NAMES, items, strict=False))
    if form == 6:
        return f"{{{pairs}}}"
    if form == 7:
        return f"merge({{{pairs}}}, {{ beta = {draw(values(names, 0))} }})"
    return f'{{ for k, v in {{{pairs}}} : k => v if k != "alpha" }}'


@st.composite
def bodies(draw: st.DrawFn, names: tuple[str, ...], extra: str = "") -> str:
    """Attributes and blocks that any configuration may hold."""
    own = tuple(f"own{number}" for number in range(draw(st.integers(0, 2))))
    lines = [f"  {name} = {draw(strings(names, 2))}" for name in own]
    text = "locals {\n" + "".join(f"{line}\n" for line in (*lines, extra) if line) + "}\n"
    known = (*names, *own)
    pairs = "\n".join(f"  {key} = {draw(values(known))}" for key in draw(st.sets(st.sampled_from(NAMES))))
    text += f"inputs = {{\n{pairs}\n}}\n"
    if draw(st.booleans()):
        text += f"terraform {{\n  source = {draw(strings(known, 1))}\n"
        text += '  extra_arguments "vars" {\n    commands = get_terraform_commands_that_need_vars()\n'
        text += f"    env_vars = {{ A = {draw(strings(known, 1))} }}\n  }}\n}}\n"
    if draw(st.booleans()):
        text += f'feature "flag" {{\n  default = {draw(st.sampled_from(["true", "false"]))}\n}}\n'
    return text


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str]:
    """A repository's files by path."""
    env = 'locals {\n  place = "here"\n' + f"  note = {quoted(draw(TEXT))}\n}}\n"
    read = (
        '  env = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals\n  place = local.env.place'
    )
    files = {"live/dev/env.hcl": env, "root.hcl": draw(bodies(("place",), read))}
    if draw(st.booleans()):
        files["root.hcl"] += (
            'remote_state {\n  backend = "s3"\n'
            '  generate = {\n    path = "b.tf"\n    if_exists = "overwrite"\n  }\n'
            '  config = { bucket = "b", key = "${path_relative_to_include()}/t", '
            f"region = {draw(strings(('place',), 1))} }}\n}}\n"
        )
    if draw(st.booleans()):
        files["root.hcl"] += (
            'generate "one" {\n  path = "one.tf"\n  if_exists = "skip"\n'
            f"  disable = {draw(st.sampled_from(['true', 'false']))}\n"
            f"  contents = <<-EOT\n    a = ${{local.place}}\n  EOT\n}}\n"
        )
    component = draw(st.booleans())
    if component:
        files["component.hcl"] = draw(bodies(()))
    count = draw(st.integers(1, 3))
    for number in range(count):
        strategy = st.sampled_from(["no_merge", "shallow", "deep"])
        text = (
            'include "root" {\n  path = "${get_repo_root()}/root.hcl"\n  expose = true\n'
            f'  merge_strategy = "{draw(strategy)}"\n}}\n'
        )
        if component:
            text += (
                'include "component" {\n  path = "${get_repo_root()}/component.hcl"\n'
                f'  merge_strategy = "{draw(strategy)}"\n}}\n'
            )
        text += draw(bodies((), "  place = include.root.locals.place")).replace(
            "path_relative_to_include()", 'path_relative_to_include("root")'
        )
        for other in range(number):
            if draw(st.booleans()):
                text += (
                    f'dependency "u{other}" {{\n  config_path = "../u{other}"\n'
                    f"  mock_outputs = {{ id = {quoted(draw(TEXT))}, list = [1, 2] }}\n"
                    '  mock_outputs_allowed_terraform_commands = ["plan", "render"]\n}\n'
                )
                text = text.replace(
                    "inputs = {\n", f"inputs = {{\n  from{other} = dependency.u{other}.outputs\n", 1
                )
        files[f"live/dev/u{number}/terragrunt.hcl"] = text
    return files


def write(root: Path, files: dict[str, str]) -> dict[str, str]:
    """Write the repository; returns the variables both programs see."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    environ = child_environ(root, PLANET="earth")
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=environ)
    return environ


def ask_strata(tree: LiveTree, unit: str) -> tuple[dict[str, Any] | None, str]:
    """The unit as Strata renders it, or None and why not."""
    try:
        return tree.config(unit), ""
    except StrataError as error:
        return None, str(error)


@pytest.mark.needs("terragrunt")
@VARIED
@given(files=trees())
def test_strata_agrees_with_terragrunt(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        environ = write(root, files)
        tree = LiveTree.load(root, environ=environ)
        refused: set[str] = set()
        for unit in sorted(tree.find()):
            if any(f'dependency "{name[9:]}"' in files[f"{unit}/terragrunt.hcl"] for name in refused):
                # Terragrunt reads the other unit too; Strata takes the mocks.
                refused.add(unit)
                continue
            theirs, _ = render(root / unit, environ)
            ours, said = ask_strata(tree, unit)
            assert (ours is None) == (theirs is None), f"{said}\n{files}"
            if ours is None or theirs is None:
                refused.add(unit)
            else:
                assert significant(ours, root) == significant(theirs, root), files


@VARIED
@given(files=trees())
def test_units_read_together_are_as_read_alone(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        environ = write(root, files)
        tree = LiveTree.load(root, environ=environ)
        units = tree.find()
        alone = {unit: ask_strata(LiveTree.load(root, environ=environ), unit)[0] for unit in units}
        if None in alone.values():
            with pytest.raises(StrataError):
                tree.configs(units)
        else:
            assert tree.configs(units) == alone, files
