"""Data sources that a case answers, in the text of its copy of the module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.testing.cases.case import Case, Expectation, read_case
from strata.testing.cases.composition import CaseRoot
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.overrides import check_answers, overrides

MAIN = """\
data "aws_vpc" "main" {
  # Every meta-argument, an argument and a block.
  for_each   = data.aws_vpcs.all.ids
  depends_on = [aws_sqs_queue.a, data.aws_vpcs.all]
  provider   = aws.there
  id         = "${each.key}-${data.aws_vpcs.all.region}"
  filter {
    name = data.aws_vpcs.all.none
  }
}
data "aws_vpcs" "all" {}
data "aws_vpcs" "all_others" {}
resource "aws_sqs_queue" "a" {
  name = "${data.aws_vpc.main["x"].cidr_block}/${data.aws_vpcs.all_others.id}"
  tags = { a = [for v in data.aws_vpc.main : v.id], b = values(data.aws_vpc.main)[*].arn, data = local.data.aws_vpc.main }
}
locals {
  ids  = <<-EOT
    ${join(",", data.aws_vpcs.all.ids)} data.aws_vpcs.all.ids
  EOT
  data = { aws_vpc = { main = 1 } }
}
"""
TWICE = """
module "a" {
  source = "../inner"
}
module "b" {
  source = "../inner"
}
"""


# Reads what goes with its block, and then what stays.
LATER = """data "aws_vpc" "main" {
  id = data.aws_vpcs.all.tags
}
data "aws_vpcs" "all" {}
locals {
  others = data.aws_vpcs.others.region
  region = data.aws_vpcs.all.region
}
data "aws_vpcs" "others" {}
"""


MODULES = {
    "main": MAIN,
    "twice": TWICE,
    "later": LATER,
    "inner": 'data "aws_vpcs" "all" {}\n',
    "both": 'data "aws_vpc" "own" {}\nmodule "a" {\n  source = "../inner"\n}\n',
}


@pytest.fixture
def layout(tmp_path: Path) -> RepositoryLayout:
    for name, text in MODULES.items():
        (tmp_path / "modules" / name).mkdir(parents=True)
        (tmp_path / "modules" / name / "main.tf").write_text(text)
    (tmp_path / "modules" / "main" / "other.tf").write_text("# untouched\n")
    return RepositoryLayout(tmp_path, (tmp_path / "modules",), tmp_path / "cases", tmp_path / ".strata")


def case(given: dict[str, dict[str, Any]], module: str = "main") -> Case:
    expect = Expectation(counts={"resources": 1})
    return Case("id", "x", module, override_data=given, expect=expect, shown="x.yaml")


def test_calls_take_the_place_of_data_sources_line_by_line(layout: RepositoryLayout, tmp_path: Path) -> None:
    given = {
        "data.aws_vpc.main": {"cidr_block": "10.0.0.0/8", "tags": {"a": "${b}"}},
        "data.aws_vpcs.all": {"ids": ["vpc-1"], "region": "eu-west-1"},
    }
    root = CaseRoot(tmp_path / "root", layout)
    call = root.add(case(given), own_copy=False)
    assert call.own_copy
    folder = root.folder / call.tree / "modules" / "main"
    text = (folder / "main.tf").read_text()
    assert text.splitlines()[10:] == [
        "",
        'data "aws_vpcs" "all_others" {}',
        'resource "aws_sqs_queue" "a" {',
        '  name = "${module.override_data--aws_vpc--main["x"].cidr_block}/${data.aws_vpcs.all_others.id}"',
        "  tags = { a = [for v in module.override_data--aws_vpc--main : v.id], "
        "b = values(module.override_data--aws_vpc--main)[*].arn, data = local.data.aws_vpc.main }",
        "}",
        "locals {",
        "  ids  = <<-EOT",
        '    ${join(",", module.override_data--aws_vpcs--all.ids)} data.aws_vpcs.all.ids',
        "  EOT",
        "  data = { aws_vpc = { main = 1 } }",
        "}",
    ]
    assert text.splitlines()[:10] == [""] * 10
    assert (folder / "override_data.tf").read_text() == (
        'module "override_data--aws_vpc--main" {\n'
        '  source = "./override_data--aws_vpc--main"\n'
        "  for_each = module.override_data--aws_vpcs--all.ids\n"
        "  depends_on = [aws_sqs_queue.a, module.override_data--aws_vpcs--all]\n"
        '  given_id = "${each.key}-${module.override_data--aws_vpcs--all.region}"\n'
        "}\n\n"
        'module "override_data--aws_vpcs--all" {\n'
        '  source = "./override_data--aws_vpcs--all"\n'
        "}\n"
    )
    assert json.loads((folder / "override_data--aws_vpc--main" / "main.tf.json").read_text()) == {
        "variable": {"given_id": {"default": None}},
        "output": {
            "id": {"value": "${var.given_id}"},
            "cidr_block": {"value": "10.0.0.0/8"},
            "tags": {"value": {"a": "$${b}"}},
        },
    }
    # The repository is as it was.
    assert (layout.root / "modules" / "main" / "main.tf").read_text() == MAIN
    assert (folder / "other.tf").is_symlink()


def test_what_a_case_says_goes_before_an_argument(layout: RepositoryLayout, tmp_path: Path) -> None:
    root = CaseRoot(tmp_path / "root", layout)
    call = root.add(case({"data.aws_vpc.main": {"id": "vpc-9", "cidr_block": "x"}}), own_copy=True)
    folder = root.folder / call.tree / "modules" / "main"
    assert "given_id" not in (folder / "override_data.tf").read_text()
    answers = json.loads((folder / "override_data--aws_vpc--main" / "main.tf.json").read_text())
    assert answers == {"output": {"id": {"value": "vpc-9"}, "cidr_block": {"value": "x"}}}


@pytest.mark.parametrize(
    ("module", "given", "fault"),
    [
        ("main", {"data.aws_vpc.man": {}}, "module main reads no data.aws_vpc.man (did you mean data.aws_vpc.main?)"),
        ("main", {"aws_vpcs.all": {}}, "module main reads no aws_vpcs.all (did you mean data.aws_vpcs.all?)"),
        ("main", {'data.aws_vpc.main["x"]': {}}, 'module main reads no data.aws_vpc.main["x"] (did you mean data.aws_vpc.main?)'),
        ("inner", {"x": {}}, "module inner reads no x (there are data.aws_vpcs.all)"),
        ("main", {"data.aws_vpc.main": {"id": "x"}}, "data.aws_vpc.main lacks the attribute cidr_block, which modules/main/main.tf:14 reads (say what it is: `cidr_block: …`)"),
        ("main", {"data.aws_vpcs.all": {"region": "x", "none": ""}}, "data.aws_vpcs.all lacks the attribute ids, which modules/main/main.tf:3 reads (say what it is: `ids: …`)"),
        ("later", {"data.aws_vpc.main": {"id": "x"}, "data.aws_vpcs.all": {}}, "data.aws_vpcs.all lacks the attribute region, which modules/later/main.tf:7 reads (say what it is: `region: …`)"),
        ("later", {"data.aws_vpc.main": {}, "data.aws_vpcs.all": {}}, "data.aws_vpcs.all lacks the attribute tags, which modules/later/main.tf:2 reads (say what it is: `tags: …`)"),
        ("twice", {"module.a.data.aws_vpcs.all": {"ids": []}}, "module.a.data.aws_vpcs.all and module.b.data.aws_vpcs.all are read by one folder, modules/inner (give both the same values)"),
    ],
)  # fmt: skip
def test_a_fault_has_its_place(
    layout: RepositoryLayout, module: str, given: dict[str, Any], fault: str
) -> None:
    with pytest.raises(StrataError) as caught:
        overrides(case(given, module), layout)
    assert str(caught.value) == f"x.yaml:1: {fault}"


def test_two_calls_of_a_folder_may_be_given_the_same(layout: RepositoryLayout, tmp_path: Path) -> None:
    given = {f"module.{call}.data.aws_vpcs.all": {"ids": ["vpc-1"]} for call in ("a", "b")}
    root = CaseRoot(tmp_path / "root", layout)
    call = root.add(case(given, "twice"), own_copy=False)
    folder = root.folder / call.tree / "modules" / "inner"
    assert sorted(path.name for path in folder.iterdir()) == [
        "main.tf",
        "override_data--aws_vpcs--all",
        "override_data.tf",
    ]
    assert (folder / "override_data.tf").read_text().count("module ") == 1


def test_each_folder_has_the_calls_of_its_own(layout: RepositoryLayout, tmp_path: Path) -> None:
    given = {
        "data.aws_vpc.own": {"id": "vpc-1"},
        "module.a.data.aws_vpcs.all": {"ids": ["vpc-1"]},
    }
    root = CaseRoot(tmp_path / "root", layout)
    folder = root.folder / root.add(case(given, "both"), own_copy=False).tree / "modules"
    calls = [(folder / name / "override_data.tf").read_text().splitlines()[0] for name in ("both", "inner")]
    assert calls == ['module "override_data--aws_vpc--own" {', 'module "override_data--aws_vpcs--all" {']
    assert len(list((folder / "both").glob("override_data--*"))) == 1
    assert len(list((folder / "inner").glob("override_data--*"))) == 1


def test_an_attribute_is_one_of_the_provider(layout: RepositoryLayout) -> None:
    given = case({"data.aws_vpc.main": {"cidr_block": "x", "cdir": "y"}})
    attributes = {"aws_vpc": frozenset({"cidr_block", "arn"})}
    with pytest.raises(StrataError) as caught:
        check_answers(given, layout, lambda kind: attributes[kind])
    assert (
        str(caught.value) == "x.yaml:1: data.aws_vpc.main has no attribute cdir (there are arn, cidr_block)"
    )
    # A provider that was not asked.
    check_answers(given, layout, lambda kind: frozenset())


def test_what_cases_share_lies_beside_them(layout: RepositoryLayout) -> None:
    (layout.cases / "main").mkdir(parents=True)
    (layout.cases / "override_data.yaml").write_text(
        "data.aws_vpcs.all: {ids: [all]}\ndata.aws_ami.of_another_module: {id: ami-1}\n"
    )
    (layout.cases / "providers.yaml").write_text("aws: {region: us-east-1}\nazurerm: {features: {}}\n")
    (layout.cases / "main" / "override_data.yaml").write_text("data.aws_vpc.main: {cidr_block: module}\n")
    file = layout.cases / "main" / "x.yaml"
    file.write_text("override_data: {data.aws_vpcs.all: {ids: [own]}}\nexpect: {counts: {resources: 1}}\n")
    read = read_case(file, layout, "id")
    assert read.override_data == {
        "data.aws_vpc.main": {"cidr_block": "module"},
        "data.aws_vpcs.all": {"ids": ["own"]},
    }
    assert read.providers == {"aws": {"region": "us-east-1"}}
    (layout.cases / "main" / "providers.yaml").write_text("aws: eu-west-1\n")
    layout.shared.clear()
    with pytest.raises(StrataError) as caught:
        read_case(file, layout, "id")
    assert str(caught.value) == "cases/main/providers.yaml: providers.aws is not a mapping"
