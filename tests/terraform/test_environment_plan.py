"""One plan for an environment: a real live tree, the machine's Terraform, states in a moto server."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from strata.cli.views.plan_graph import write_graph
from strata.errors import StrataError
from strata.platform.names import EnvironmentAccount, account_of
from strata.terraform.environment_root import Root
from strata.terraform.runner import Runner
from strata.terraform.state import StateBackend
from strata.terraform.warm_provider import WarmProvider

if TYPE_CHECKING:
    from tests.terraform.conftest import Recorded, Repository

# Its outputs are a map, a map of what is known after apply, and a secret.
BASE = """
variable "context" { type = object({ environment = string }) }
variable "names" { type = set(string) }
variable "unused" { default = null }
resource "terraform_data" "it" {
  for_each = var.names
  input    = "${each.key}-${var.context.environment}"
}
output "names" { value = { for key, one in terraform_data.it : key => one.input } }
output "ids" { value = { for key, one in terraform_data.it : key => one.id } }
output "password" {
  value     = join("", [for one in terraform_data.it : "s3cret-${one.input}"])
  sensitive = true
}
"""
USER = """
variable "names" { type = map(string) }
variable "password" { default = "" }
resource "terraform_data" "uses" { input = jsonencode(var.names) }
resource "terraform_data" "hides" { input = var.password }
output "names" { value = var.names }
"""


def two_units(repository: Repository, names: str = '["a"]') -> None:
    repository.unit("base", BASE, f"inputs = {{ names = {names}, surplus = 1 }}\n")
    repository.unit(
        "user",
        USER,
        'dependency "base" {\n  config_path = "../base"\n}\n'
        # A conditional between a map and {}: judged by the outputs' types, which are maps only in Terraform.
        "inputs = {\n  names    = length(dependency.base.outputs.names) > 9 ? {} : dependency.base.outputs.names\n"
        "  password = dependency.base.outputs.password\n}\n",
    )


def kinds(plan: Any) -> dict[str, dict[str, str]]:
    return {
        path.removeprefix("live/dev/"): {one.address: one.kind for one in unit.resources}
        for path, unit in plan.units.items()
    }


def test_an_environment_from_never_applied_to_a_change_upstream(
    repository: Repository, recorded: Recorded
) -> None:
    two_units(repository)
    never = repository.plan()
    assert kinds(never) == {
        "base": {'module.base.terraform_data.it["a"]': "create"},
        "user": {
            "module.user.terraform_data.hides": "create",
            "module.user.terraform_data.uses": "create",
        },
    }
    assert never.changes() == dict.fromkeys(never.changes(), 0) | {"create": 3}
    # One unit brings what it needs, because that was never applied.
    assert list(kinds(repository.plan("user"))) == ["base", "user"]

    repository.apply("base")
    partly = repository.plan()
    assert {unit: len(found) for unit, found in kinds(partly).items()} == {"base": 0, "user": 2}
    assert list(kinds(repository.plan("live/dev/user"))) == ["user"]

    repository.apply()
    before = repository.stored()
    repository.toolchain = recorded.toolchain
    whole = repository.plan()
    # Nothing to be shown.
    assert recorded.commands()[-1] == "plan"
    assert (whole.empty, whole.document()["changes"]["create"]) == (True, 0)

    # Known values flow on: the other unit's resource changes in the same plan.
    two_units(repository, '["a", "b"]')
    changed = repository.plan("base")
    assert kinds(changed) == {
        "base": {'module.base.terraform_data.it["b"]': "create"},
        "user": {"module.user.terraform_data.hides": "update", "module.user.terraform_data.uses": "update"},
    }
    assert changed.units["live/dev/user"].outputs == ("names",)
    assert changed.units["live/dev/user"].after == ("live/dev/base",)
    document = changed.document()
    assert document["units"]["live/dev/user"]["resources"][1] == {
        "address": "module.user.terraform_data.uses",
        "type": "terraform_data",
        "actions": ["update"],
        "changed": ["input", "output"],
    }
    # Neither a state, nor a lock, nor a scratch file with a value in it.
    assert repository.stored() == before
    assert "s3cret" not in json.dumps(document)
    left = [path for path in (repository.root / ".strata/plan").rglob("*") if path.is_file()]
    assert left
    assert not [path for path in left if b"s3cret-a-dev" in path.read_bytes()]


def test_what_only_terragrunt_heeds_is_not_planned(repository: Repository) -> None:
    repository.unit("a", "", 'iam_role = "arn:aws:iam::123456789012:role/x"\n')
    with pytest.raises(StrataError, match="the built-in runner does not heed `iam_role`") as caught:
        repository.plan()
    assert (caught.value.file, caught.value.line) == (
        str(repository.root / "live/dev/a/terragrunt.hcl"),
        7,
    )


def test_the_bootstrap_and_the_account_lay_out_no_file(repository: Repository, recorded: Recorded) -> None:
    two_units(repository)
    repository.toolchain = recorded.toolchain
    Runner(
        repository.tree(), recorded.toolchain, repository.cloud.endpoints, repository.root / "work"
    ).bootstrap("dev")
    assert repository.stored() == {"table": []}
    assert account_of(repository.tree(), "dev") == EnvironmentAccount("123456789012", "eu-west-1")
    assert recorded.commands() == ["console"] * 2


def test_a_plan_as_a_page_needs_no_network_and_holds_no_value(repository: Repository) -> None:
    two_units(repository, '["a<b>"]')
    file = repository.root / "plan.html"
    write_graph(repository.plan(), file)
    page = file.read_text()
    assert not re.search(r"(src|href)\s*=|https?://|@import|fetch\(", page)
    assert re.findall(r'data-unit="([^"]+)"', page) == ["live/dev/base", "live/dev/user"]
    # One arrow, from base to user; both are new, in one colour.
    assert page.count('class="edge"') == 1
    assert page.count('fill="#1e8449"') == 2
    assert "s3cret" not in page
    assert "a-dev" not in page
    embedded = re.search(r'<script type="application/json" id="plan">(.*?)</script>', page, re.DOTALL)
    assert embedded
    assert json.loads(embedded[1])["units"]["live/dev/base"]["changes"]["create"] == 1
    # The key of an instance is in it, and cannot be taken for markup.
    assert "a<b>" not in page


def test_imports_are_lifted_and_provider_configurations_told_apart(repository: Repository) -> None:
    stands = 'import {\n  to = terraform_data.it\n  id = "known"\n}\n'
    code = 'variable "value" { default = "known" }\nresource "terraform_data" "it" { input = var.value }\n'
    repository.unit("one", code, imports_tf=stands)
    plan = repository.plan()
    (found,) = plan.units["live/dev/one"].resources
    assert (found.address, found.importing) == ("module.one.terraform_data.it", True)
    assert plan.changes()["import"] == 1


MOVES = """
resource "terraform_data" "new" { input = "x" }
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
"""


def test_moves_and_removals_pass(repository: Repository) -> None:
    repository.unit("one", 'resource "terraform_data" "old" { input = "x" }\n')
    repository.unit("two", 'resource "terraform_data" "gone" { input = "x" }\n')
    repository.apply()
    repository.unit("one", MOVES)
    keep = "removed {\n  from = terraform_data.gone\n  lifecycle {\n    destroy = false\n  }\n}\n"
    repository.unit("two", keep)
    plan = repository.plan()
    (moved,) = plan.units["live/dev/one"].resources
    assert (moved.address, moved.moved_from, moved.kind) == (
        "module.one.terraform_data.new",
        "module.one.terraform_data.old",
        "",
    )
    assert kinds(plan)["two"] == {"module.two.terraform_data.gone": "forget"}
    assert (plan.changes()["move"], plan.changes()["forget"], plan.empty) == (1, 1, False)


REFUSED: Mapping[str, tuple[str, str, str]] = {
    # what is wrong: (module's code, text of the unit, the error)
    "unknown attribute": (
        USER,
        'dependency "base" {\n  config_path = "../base"\n}\ninputs = {\n  names = {}\n  password = dependency.base.outputs.none\n}\n',
        r"live/dev/user/terragrunt\.hcl:12: the plan of dev failed: Unsupported attribute",
    ),
    "missing input": (USER, "inputs = {}\n", r"live/dev/user/terragrunt\.hcl:1: .*Missing required argument"),
    "module's own": (
        USER + 'resource "terraform_data" "bad" { input = file("nowhere") }\n',
        "inputs = { names = {} }\n",
        r"modules/user/main\.tf:7: .*no file exists",
    ),
    "alias": (
        'provider "aws" {\n  alias = "other"\n}\n',
        "inputs = {}\n",
        r"modules/user/main\.tf:1: a provider with an alias",
    ),
    "not constant": (
        'variable "names" { default = {} }\nprovider "aws" {\n  region = var.names\n}\n',
        "",
        r"modules/user/main\.tf:3: `var` is known in the module only",
    ),
    "names of inputs": (
        USER,
        'dependency "base" {\n  config_path = "../base"\n}\ninputs = dependency.base.outputs.names\n',
        r"live/dev/user/terragrunt\.hcl:10: which inputs a unit has depends on an output",
    ),
    "output elsewhere": (
        USER,
        'dependency "base" {\n  config_path = "../base"\n}\n'
        'generate "it" {\n  path      = "x.tf"\n  if_exists = "overwrite"\n  contents  = dependency.base.outputs.password\n}\n',
        r"live/dev/user/terragrunt\.hcl:13: .*needs outputs of `live/dev/base`, which has not been applied",
    ),
    "extra arguments": (
        USER,
        "inputs = { names = {} }\n".replace("inputs", "inputs"),
        r"live/dev/user/terragrunt\.hcl: live/dev/user: extra_arguments size \(-var=names=\{\}\) cannot be part",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_planned_is_said_with_its_place(repository: Repository, what: str) -> None:
    code, text, message = REFUSED[what]
    repository.unit("base", BASE, 'inputs = { names = ["a"] }\n')
    repository.unit("user", code, text)
    if what == "extra arguments":
        file = repository.root / "live/dev/user/terragrunt.hcl"
        block = '  extra_arguments "size" {\n    commands  = ["plan"]\n    arguments = ["-lock=false", "-var=names={}"]\n  }\n'
        file.write_text(file.read_text().replace("terraform {\n", f"terraform {{\n{block}"))
    with pytest.raises(StrataError, match=message):
        repository.plan()


@pytest.mark.parametrize("name", ["more.tf.json", "more.tofu.json"])
def test_a_module_in_json_is_refused(repository: Repository, name: str) -> None:
    repository.unit("base", BASE, 'inputs = { names = ["a"] }\n')
    (repository.root / "modules/base" / name).write_text("{}", encoding="utf-8")
    with pytest.raises(StrataError, match="is planned from HCL, not from JSON") as caught:
        repository.plan()
    assert str(caught.value.file).endswith(f"modules/base/{name}")


def test_two_units_that_build_different_files_of_one_name(repository: Repository) -> None:
    for name in ("one", "two"):
        repository.unit(name, "")
        file = repository.root / f"live/dev/{name}/terragrunt.hcl"
        hook = (
            '  before_hook "build" {\n    commands = ["plan"]\n'
            f'    execute  = ["sh", "-c", "echo {name} > built.txt"]\n  }}\n'
        )
        file.write_text(file.read_text().replace("terraform {\n", f"terraform {{\n{hook}"))
    with pytest.raises(StrataError, match="live/dev/one and live/dev/two build built") as caught:
        repository.plan()
    assert caught.value.file == str(repository.root / "live/dev/two/terragrunt.hcl")


DRIFTS = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.100" }
  }
}
resource "aws_ssm_parameter" "it" {
  name  = "/drifts"
  type  = "String"
  value = "planned"
}
output "arn" { value = aws_ssm_parameter.it.arn }
"""
PROVIDER = """
generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite"
  contents  = <<-EOF
    provider "aws" {
      region                  = "eu-west-1"
      skip_metadata_api_check = true
      default_tags {
        tags = { by = "%s" }
      }
    }
  EOF
}
"""


@pytest.mark.terraform
def test_a_change_planted_outside_terraform_appears(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm: list[WarmProvider] = []
    attached = WarmProvider.attached

    def attach(provider: WarmProvider, variables: Mapping[str, str], **more: Any) -> dict[str, str]:
        warm.append(provider)
        # Through the proxy, which keeps back the schemas that are not used.
        assert more["address"]["Network"] == "tcp"
        return attached(provider, variables, **more)

    monkeypatch.setattr(WarmProvider, "attached", attach)
    repository.unit("planted", DRIFTS, PROVIDER % "one")
    other = DRIFTS.replace("/drifts", "/stays")
    # Two configurations of one provider, one of them the same text as another unit's.
    repository.unit("stays", other, PROVIDER % "two")
    repository.unit("third", other.replace("/stays", "/third"), PROVIDER % "two")
    repository.apply()
    # Each unit was lent one; the plan below shows that each configured it anew.
    assert len(warm) == 3
    warm.clear()
    assert repository.plan().empty
    root = (repository.root / ".strata/plan/dev/source/root/main.tf").read_text()
    assert root.count('provider "aws" {') == 2
    repository.cloud.client("ssm").put_parameter(Name="/drifts", Value="planted", Overwrite=True)
    # One configuration: the provider that the last plan installed serves this one from its beginning to its end.
    assert warm == []
    repository.unit("planted", DRIFTS, PROVIDER % "two")
    planted = repository.plan()
    (provider,) = warm
    assert list(provider.attachment) == ["registry.terraform.io/hashicorp/aws"]
    assert not provider.running
    assert kinds(planted) == {
        "planted": {"module.planted.aws_ssm_parameter.it": "update"},
        "stays": {},
        "third": {},
    }
    assert "value" in planted.units["live/dev/planted"].resources[0].changed
    # The state's object says what the plan found; nothing was written back.
    backend = StateBackend(repository.cloud.endpoints)
    states = backend.read_all(repository.tree().remote_states(["live/dev/planted"]))
    assert states["live/dev/planted"] is not None
    assert states["live/dev/planted"].serial == 1


AUTHOR = ("-c", "user.name=A", "-c", "user.email=a@example.org")
MISSPELT = 'resource "aws_ssm_paramter" "it" {}\n'


@pytest.mark.terraform
def test_a_provider_that_runs_says_the_same_of_a_misspelt_type(repository: Repository) -> None:
    repository.unit("planted", DRIFTS, PROVIDER % "one")
    said = []
    for _ in range(2):
        (repository.root / "modules/planted/main.tf").write_text(DRIFTS)
        repository.plan()
        # The first time after `init`, then with the provider that it installed.
        (repository.root / "modules/planted/main.tf").write_text(DRIFTS + MISSPELT)
        with pytest.raises(StrataError) as caught:
            repository.plan()
        said.append(str(caught.value))
    assert 'Did you mean "aws_ssm_parameter"?' in said[0]
    assert said[0] == said[1]


@pytest.mark.terraform
def test_a_provider_that_runs_knows_the_types_of_fetched_modules(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fetched = tmp_path_factory.mktemp("fetched")
    (fetched / "main.tf").write_text(DRIFTS.replace("/drifts", "/fetched"))
    for command in (["init", "-q"], ["add", "."], [*AUTHOR, "commit", "-qm", "a module"]):
        subprocess.run(["git", "-C", str(fetched), *command], check=True)
    repository.unit("planted", f'module "it" {{ source = "git::file://{fetched}" }}\n', PROVIDER % "one")
    # The first time after `init`, then with the provider that it installed.
    for _ in range(2):
        assert kinds(repository.plan()) == {
            "planted": {"module.planted.module.it.aws_ssm_parameter.it": "create"}
        }


def test_a_second_configuration_of_one_provider_is_not_another_providers() -> None:
    root = Root("", {}, {"snowflake": {"snowflakedb/snowflake": "c2"}})
    assert (root.aliased("snowflakedb/snowflake"), root.aliased("hashicorp/aws")) == (True, False)
