"""Live trees made from a seed: small, of every feature that Terragrunt heeds, with modules that need no provider.

The mocks are the values that the outputs will have, so that a unit's own plan, made with mocks, and its part of
a plan of the environment show the same.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

MODULE = """
variable "name" {
  type = string
}
variable "size" {
  type = number
}
variable "names" {
  type    = list(string)
  default = []
}
variable "tags" {
  type    = map(string)
  default = {}
}
variable "extra" {
  type    = any
  default = null
}
resource "terraform_data" "it" {
  input = { name = var.name, size = var.size, tags = var.tags, extra = var.extra }
}
resource "terraform_data" "each" {
  for_each = toset(var.names)
  input    = "${each.key}/${var.size}"
}
output "name" {
  value = var.name
}
output "size" {
  value = var.size
}
output "names" {
  value = var.names
}
output "id" {
  value = terraform_data.it.id
}
"""


def tree(seed: int, *, plannable: bool = False) -> dict[str, str]:
    """Make a repository of one environment, `dev`.

    Args:
        seed: the same gives the same.
        plannable: without deep merges of inputs and hidden folders, which a plan of the environment refuses.

    Returns:
        Its files by path.
    """
    rng = Random(seed)
    numbers = {"env": rng.randint(1, 9), "tfvars": rng.randint(1, 9), "json": rng.randint(1, 9)}
    files = {
        "live/dev/env.hcl": f'locals {{\n  name = "dev"\n  size = {numbers["env"]}\n}}\n',
        "common.tfvars": f'size = {numbers["tfvars"]}\nnames = ["x", "y"]\n',
        "common.json": json.dumps({"size": numbers["json"], "note": 'é "${x}"\n'}),
        "root.hcl": _root(rng),
        "modules/one/main.tf": MODULE,
    }
    component = rng.random() < 0.5
    if component:
        files["components/one.hcl"] = (
            'locals {\n  from = "component"\n}\ninputs = {\n  tags = { component = local.from }\n}\n'
        )
    known: dict[int, dict[str, Any]] = {}
    for number in range(rng.randint(2, 4)):
        folder = f"live/dev/{rng.choice(('', '', 'group/' if plannable else '.hidden/', 'group/'))}u{number}"
        text, outputs = _unit(rng, number, numbers, known, component=component, plannable=plannable)
        if rng.random() < 0.5:
            files[f"{folder}/main.tf"] = MODULE
        else:
            text += 'terraform {\n  source = "${get_repo_root()}/modules//one"\n}\n'
        files[f"{folder}/terragrunt.hcl"] = text
        known[number] = {"folder": folder, **outputs}
    return files


def _root(rng: Random) -> str:
    text = (
        'locals {\n  env = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals\n}\n'
        "inputs = {\n  tags = { env = local.env.name, path = path_relative_to_include() }\n}\n"
    )
    if rng.random() < 0.6:
        disabled = rng.choice(("false", "false", "true"))
        text += (
            'generate "made" {\n  path      = "made.tf"\n  if_exists = "overwrite_terragrunt"\n'
            f'  disable   = {disabled}\n  contents  = <<-EOT\n    output "made" {{\n'
            '      value = "${local.env.name}"\n    }\n  EOT\n}\n'
        )
    return text


def _unit(
    rng: Random,
    number: int,
    numbers: dict[str, int],
    known: dict[int, dict[str, Any]],
    *,
    component: bool,
    plannable: bool,
) -> tuple[str, dict[str, Any]]:
    """A unit's text, and the outputs that it will have."""
    strategy = rng.choice(("shallow", "shallow", "shallow" if plannable else "deep", "no_merge"))
    text = (
        f'include "root" {{\n  path           = "${{get_repo_root()}}/root.hcl"\n  expose         = true\n'
        f'  merge_strategy = "{strategy}"\n}}\n'
    )
    if component and rng.random() < 0.5:
        text += 'include "one" {\n  path = "${get_repo_root()}/components/one.hcl"\n}\n'
    flag = rng.randint(1, 9)
    text += f'feature "size" {{\n  default = {flag}\n}}\n'
    if rng.random() < 0.15:
        action, when = rng.choice((("plan", "true"), ("apply", "true"), ("all", "false")))
        text += f'exclude {{\n  if      = {when}\n  actions = ["{action}"]\n}}\n'
    extra: list[str] = []
    for other, outputs in known.items():
        form = rng.random()
        relative = _relative(rng, outputs["folder"])
        if form < 0.5:
            mocks = {name: outputs[name] for name in ("name", "size", "names")} | {"id": "mock"}
            commands = rng.choice(('["plan", "render"]', "[]"))
            text += (
                f'dependency "u{other}" {{\n  config_path  = {relative}\n'
                f"  mock_outputs = jsondecode({json.dumps(json.dumps(mocks))})\n"
                f"  mock_outputs_allowed_terraform_commands = {commands}\n}}\n"
            )
            attribute = rng.choice(("name", "size", "names", "id"))
            extra.append(f"  u{other} = dependency.u{other}.outputs.{attribute}")
        elif form < 0.6 and "dependencies {" not in text:
            text += f"dependencies {{\n  paths = [{relative}]\n}}\n"
    size_text, size = rng.choice(
        (
            ("local.env.size", numbers["env"]),
            ('jsondecode(read_tfvars_file("${get_repo_root()}/common.tfvars")).size', numbers["tfvars"]),
            ('jsondecode(file("${get_repo_root()}/common.json")).size', numbers["json"]),
            ("feature.size.value", flag),
            (f"max({number}, {number + 3})", number + 3),
            (f'length("{"é" * (number + 1)}")', number + 1),
            (f"sum([for n in [1, 2, {number}] : n if n > 0])", 3 + number),
        )
    )
    name = f"u-{number}"
    name_text = rng.choice(
        (
            '"u-${local.number}"',
            f'join("-", ["u", "{number}"])',
            f'lower("U-{number}")',
            'format("u-%d", local.number)',
            f'jsondecode("\\"{name}\\"")',
            f'get_env("NOWHERE", "{name}")',
            'replace(basename(get_terragrunt_dir()), "u", "u-")',
        )
    )
    names = sorted(rng.sample(("a", "b", "c"), rng.randint(0, 3)))
    spelled = rng.choice((json.dumps(names), f"sort({json.dumps(names[::-1])})"))
    text += (
        f'locals {{\n  number = {number}\n  env    = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals\n}}\n'
        f"inputs = {{\n  name  = {name_text}\n  size  = {size_text}\n  names = {spelled}\n"
    )
    if rng.random() < 0.4:
        text += f'  tags = merge(include.root.inputs.tags, {{ own = "{number}" }})\n'
    if extra:
        text += "  extra = {\n" + "".join(f"  {line}\n" for line in extra) + "  }\n"
    return text + "}\n", {"name": name, "size": size, "names": names}


def _relative(rng: Random, folder: str) -> str:
    """A path of a unit, from the top or from the environment's folder."""
    if rng.random() < 0.5:
        return f'"${{get_repo_root()}}/{folder}"'
    return f'"${{dirname(find_in_parent_folders("env.hcl"))}}/{folder.removeprefix("live/dev/")}"'
