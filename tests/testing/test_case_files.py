"""Case files, shared inputs and examples as they are read, without Terraform."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from strata.errors import StrataError
from strata.testing.cases.batch import _blame
from strata.testing.cases.case import Case, Expectation, ExpectedError, read_case, shared
from strata.testing.cases.composition import CaseRoot, ModuleCall
from strata.testing.cases.inputs import check_inputs
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.literals import literal
from strata.testing.cases.outcome import UNKNOWN, split
from strata.testing.cases.readme import read_examples
from strata.testing.cases.terraform import TerraformFault

from .conftest import SAMPLE


@pytest.fixture
def layout(tmp_path: Path) -> RepositoryLayout:
    """The sample's modules, and no cases."""
    (tmp_path / "tests" / "box").mkdir(parents=True)
    shutil.copytree(SAMPLE / "modules", tmp_path / "modules")
    return RepositoryLayout(tmp_path, (tmp_path / "modules",), tmp_path / "tests", tmp_path / ".strata")


def read(layout: RepositoryLayout, text: str) -> Case:
    file = layout.cases / "box" / "x.yaml"
    file.write_text(text, encoding="utf-8")
    return read_case(file, layout, "id")


# What a file says, and the fault: the line and the words.
FAULTS = {
    "": "1: the file is empty",
    "7": "1: the case is not a mapping of keys to values",
    "inputs: 3": "1: inputs is not a mapping of keys to values",
    "expect: 3": "1: expect is not a mapping of keys to values",
    "expect:\n  values:\n    a.b: [c]": "3: expect.values.a.b is not a mapping of keys to values",
    "inputs: {}": "1: the case needs either `expect` or `error`",
    "expect: {counts: {x: 1}}\nerror: {pattern: x}": "1: the case needs either `expect` or `error`",
    "inputs: {}\nexpects: {}\nexpect: {counts: {x: 1}}": "2: unknown key `expects` (did you mean expect?)",
    "zzz: {}\nexpect: {counts: {x: 1}}": "1: unknown key `zzz` (there are error, expect, inputs, override_data, providers)",
    "error: {pattern: x, varable: y}": "1: unknown key `error.varable` (did you mean variable?)",
    "error:\n  pattern: x\n  zzz: y": "3: unknown key `error.zzz` (there are pattern, resource, variable)",
    "expect:\n  count: {}": "2: unknown key `expect.count` (did you mean counts?)",
    "expect:\n  policies:\n    a.b:\n      contain: []": "4: unknown key `expect.policies.a.b.contain` (did you mean contains?)",
    "expect: {policies: {a.b: {}}}": "1: expect.policies.a.b takes either `contains` or `equals`, a list of statements",
    "expect: {policies: {a.b: {contains: [{}], equals: []}}}": "1: expect.policies.a.b takes either `contains` or `equals`, a list of statements",
    "expect: {policies: {a.b: {contains: []}}}": "1: expect.policies.a.b.contains list should have at least 1 item after validation, not 0",
    "error: {variable: x}": "1: error lacks `pattern`",
    "error: {pattern: '('}": "1: error.pattern is not a regular expression: missing ), unterminated subpattern at position 0",
    "expect: {counts: {x: -1}}": "1: expect.counts.x input should be greater than or equal to 0",
    "expect:\n  absent:\n    - a\n    - 7": "4: expect.absent.1 input should be a valid string",
    "expect: {}": "1: expect expects nothing, so that it cannot fail",
    "expect: {values: {}, counts: {}}": "1: expect expects nothing, so that it cannot fail",
}  # fmt: skip


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_of_a_case_file_has_its_line(layout: RepositoryLayout, text: str) -> None:
    with pytest.raises(StrataError) as caught:
        read(layout, text)
    assert str(caught.value) == f"tests/box/x.yaml:{FAULTS[text]}"


def test_a_case_is_what_its_file_says(layout: RepositoryLayout) -> None:
    case = read(layout, "inputs: {name: a}\nexpect: {policies: {a.b: [{Effect: Allow}]}, absent: [x]}")
    assert (case.id, case.name, case.module, case.shown) == ("id", "x", "box", "tests/box/x.yaml")
    assert case.inputs == {"name": "a"}
    assert case.expect is not None
    assert case.expect.policies["a.b"].equals == [{"Effect": "Allow"}]
    assert case.expect.policies["a.b"].contains is None
    assert (case.expect.absent, case.error) == (["x"], None)
    refused = read(layout, "error: {pattern: x.y, variable: name}")
    assert refused.error == ExpectedError(pattern="x.y", variable="name")
    assert (refused.expect, refused.inputs) == (None, {})


def test_inputs_are_laid_over_the_modules_and_those_over_all_modules(layout: RepositoryLayout) -> None:
    (layout.cases / "inputs.yaml").write_text(
        "context: {environment: all}\nname: all\nunknown: x\nlimit: 1\n"
    )
    (layout.cases / "box" / "inputs.yaml").write_text("name: box\ntags: [a]\n")
    case = read(layout, "inputs: {tags: [b], sizes: {}}\nexpect: {counts: {resources: 1}}")
    # An input of all modules that this one lacks is not given to it.
    assert case.inputs == {
        "context": {"environment": "all"},
        "name": "box",
        "limit": 1,
        "tags": ["b"],
        "sizes": {},
    }
    # Read once.
    (layout.cases / "box" / "inputs.yaml").write_text("name: other\n")
    assert shared("box", "inputs", layout)["name"] == "box"


@pytest.mark.parametrize("place", ["inputs.yaml", "box/inputs.yaml"])
def test_shared_inputs_are_a_mapping(layout: RepositoryLayout, place: str) -> None:
    (layout.cases / place).write_text("[a]\n")
    with pytest.raises(StrataError) as caught:
        read(layout, "expect: {counts: {resources: 1}}")
    assert str(caught.value) == f"tests/{place}:1: shared inputs are a mapping of names to values"


def boxed(**fields: Any) -> Case:
    given: dict[str, Any] = {"inputs": {"context": {}, "name": "a"}, "shown": "x.yaml"}
    return Case("id", "x", fields.pop("module", "box"), **(given | fields))


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        (boxed(), None),
        (boxed(module="bx"), "unknown module bx (did you mean box?)"),
        (boxed(module="zzzz"), "unknown module zzzz (there are box, crate, plain)"),
        (boxed(inputs={"context": {}, "nam": "a"}), "module box has no input nam (did you mean name?)"),
        (boxed(inputs={"name": "a"}), "module box needs the input context"),
        (boxed(inputs={"context": {}}), "module box needs the input name"),
        (boxed(expect=Expectation(outputs={"names": 1})), None),
        (boxed(expect=Expectation(outputs={"nmes": 1})), "module box has no output nmes (did you mean names?)"),
        (boxed(error=ExpectedError(pattern="x", variable="limit")), None),
        (boxed(error=ExpectedError(pattern="x", variable="limt")), "module box has no input limt (did you mean limit?)"),
        (boxed(error=ExpectedError(pattern="x", resource='terraform_data.this["a"]')), None),
        (boxed(error=ExpectedError(pattern="x", resource="terraform_data.thi")), "module box declares no resource terraform_data.thi (did you mean terraform_data.this?)"),
        (boxed(inputs={}, example='module "box" {\n  source = "../box"\n}'), None),
        (boxed(inputs={}, example='module "x" {\n  source = "../plain"\n}'), "the example does not call the module box"),
        (boxed(inputs={}, example='module "x" {\n  source = "../plane"\n}'), "unknown module plane (did you mean plain?)"),
    ],
)  # fmt: skip
def test_a_case_names_what_its_module_has(layout: RepositoryLayout, case: Case, fault: str | None) -> None:
    if fault is None:
        check_inputs(case, layout)
        return
    with pytest.raises(StrataError) as caught:
        check_inputs(case, layout)
    assert str(caught.value) == f"x.yaml:1: {fault}"


def examples(layout: RepositoryLayout, text: str) -> list[Case]:
    file = layout.root / "box" / "README.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return list(read_examples(file, layout, "box/README.md"))


def test_examples_are_the_blocks_after_their_directives(layout: RepositoryLayout) -> None:
    first, second = examples(
        layout,
        "# box\n\n```hcl\nnot = this\n```\n\n<!-- case: one resources=3 -->\n```hcl\na = 1\n\nb = 2\n```\n"
        "  <!--case:two_2-->  \n\n\n  ```hcl\n```\n<!-- another comment -->\n"
        "Write it as `<!-- case: three -->\n<!-- case: four --> in front of a block.\n",
    )
    assert (first.id, first.name, first.module, first.line) == ("box/README.md::one", "one", "box", 9)
    assert (first.example, first.shown) == ("a = 1\n\nb = 2\n", "box/README.md")
    assert first.expect == Expectation(counts={"resources": 3})
    assert (second.name, second.line, second.example, second.expect) == ("two_2", 17, "\n", None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<!-- case: -->", "1: `` is not a directive of a case (write <!-- case: name --> or <!-- case: name resources=3 -->)"),
        ("\n<!-- case: A -->", "2: `A` is not a directive of a case (write <!-- case: name --> or <!-- case: name resources=3 -->)"),
        ("<!-- case: a resources=x -->", "1: `a resources=x` is not a directive of a case (write <!-- case: name --> or <!-- case: name resources=3 -->)"),
        ("<!-- case: a -->\n```hcl\n```\n<!-- case: a -->\n```hcl\n```", "4: two cases are named a"),
        ("<!-- case: a -->", "1: no ```hcl block follows the case a"),
        ("<!-- case: a -->\n\n```yaml\n```", "1: no ```hcl block follows the case a"),
        ("<!-- case: a -->\n\n```hcl\nx = 1\n", "3: the block does not end"),
    ],
)  # fmt: skip
def test_a_directive_without_a_block_is_a_fault(layout: RepositoryLayout, text: str, fault: str) -> None:
    with pytest.raises(StrataError) as caught:
        examples(layout, text)
    assert str(caught.value) == f"box/README.md:{fault}"


def test_a_literal_is_no_template() -> None:
    value = {"a${b}": ["%{if x}", 1, None, True], "c": {"d": "$${e}"}}
    assert literal(value) == {"a$${b}": ["%%{if x}", 1, None, True], "c": {"d": "$$${e}"}}


def test_a_call_has_one_input_a_line_and_a_name_of_its_own(layout: RepositoryLayout, tmp_path: Path) -> None:
    root = CaseRoot(tmp_path / "root", layout)
    case = boxed(
        expect=Expectation(outputs={"names": 1}), inputs={"context": {"environment": "${x}"}, "name": "a"}
    )
    call = root.add(case, own_copy=False)
    again = root.add(case, own_copy=True)
    assert (call.label, again.label, again.tree) == ("box--x", "box--x-2", "copies/box--x-2")
    lines = (root.folder / call.file).read_text().splitlines()
    assert {name: lines[line - 1] for line, name in call.lines.items()} == {
        "context": '"context": {"environment": "$${x}"},',
        "name": '"name": "a"',
    }
    assert '"source": "./repository/modules/box",' in lines
    assert '"output": {"box--x--names": {"sensitive": true, "value": "${module.box--x.names}"}},' in lines
    assert '"source": "./copies/box--x-2/modules/box",' in (root.folder / again.file).read_text().splitlines()
    copied = root.folder / again.tree / "modules"
    assert {path.name for path in copied.iterdir() if not path.is_symlink()} == {"box"}
    crate = boxed(module="crate")
    assert root.folders(crate) == {"modules/crate", "modules/box"}
    root.remove(call)
    assert not (root.folder / call.file).exists()
    assert (root.folder / again.file).exists()


def test_an_example_calls_the_working_tree_on_its_own_lines(layout: RepositoryLayout, tmp_path: Path) -> None:
    (layout.cases / "box" / "inputs.yaml").write_text("name: ${crate}\n")
    root = CaseRoot(tmp_path / "root", layout)
    source = "git::https://example.com/modules.git//modules/box?ref=box/v1.0.0"
    example = f'module "box" {{\n  source = "{source}"\n  name   = var.name\n}}\n'
    call = root.add(boxed(inputs={}, example=example, line=7), own_copy=False)
    folder = root.folder / "examples" / "box--x"
    assert (folder / "main.tf").read_text() == "\n" * 6 + example.replace(
        source, "../../repository/modules/box"
    )
    assert json.loads((folder / "shared.tf.json").read_text()) == {
        "variable": {"name": {"default": "$${crate}"}}
    }
    assert '"source": "./examples/box--x"' in (root.folder / call.file).read_text().splitlines()
    own = root.add(boxed(inputs={}, example=example, line=7), own_copy=True)
    text = (root.folder / "examples" / own.label / "main.tf").read_text()
    assert f'source = "../../copies/{own.label}/modules/box"' in text


def test_a_root_configures_the_providers_of_all_its_modules(tmp_path: Path) -> None:
    for name, source in (
        ("lake", "snowflakedb/snowflake"),
        ("store", "hashicorp/aws"),
        ("bare", "hashicorp/null"),
    ):
        (tmp_path / "modules" / name).mkdir(parents=True)
        provider = source.rpartition("/")[2]
        (tmp_path / "modules" / name / "versions.tf").write_text(
            f'terraform {{\n  required_providers {{\n    {provider} = {{ source = "{source}" }}\n  }}\n}}\n'
        )
    layout = RepositoryLayout(tmp_path, (tmp_path / "modules",), tmp_path / "tests", tmp_path / ".strata")
    root = CaseRoot(tmp_path / "root", layout)
    names = ["lake", "store", "bare", "lake"]
    for name in names:
        root.add(boxed(module=name), own_copy=False)
    assert root.write_providers() == {"aws", "snowflake"}
    written = json.loads((root.folder / "providers.tf.json").read_text())
    assert written["terraform"]["required_providers"] == {
        "aws": {"source": "hashicorp/aws"},
        "snowflake": {"source": "snowflakedb/snowflake"},
    }
    assert {name: len(given) for name, given in written["provider"].items()} == {"aws": 1, "snowflake": 1}
    (aws,) = written["provider"]["aws"]
    # A plan needs no account: nothing is asked of AWS.
    checks = {name for name in aws if name.startswith("skip_")}
    assert {name: aws[name] for name in checks} == dict.fromkeys(checks, True)
    assert checks == {
        "skip_credentials_validation",
        "skip_metadata_api_check",
        "skip_region_validation",
        "skip_requesting_account_id",
    }
    bare = CaseRoot(tmp_path / "other", layout)
    bare.add(boxed(module="bare"), own_copy=False)
    assert bare.write_providers() == set()
    assert not (bare.folder / "providers.tf.json").exists()


def test_files_of_two_modules_lie_in_one_folder_if_they_agree(
    layout: RepositoryLayout, tmp_path: Path
) -> None:
    for module, text in (("box", "same"), ("crate", "same"), ("plain", "another")):
        (layout.cases / module / "files" / "deep").mkdir(parents=True)
        (layout.cases / module / "files" / "deep" / "a.txt").write_text(text)
    root = CaseRoot(tmp_path / "root", layout)
    for module in ("box", "crate"):
        root.bring_files(boxed(module=module))
    assert (root.folder / "deep" / "a.txt").read_text() == "same"
    with pytest.raises(StrataError) as caught:
        root.bring_files(boxed(module="plain"))
    assert str(caught.value) == (
        "tests/plain/files/deep/a.txt: another module's file has this name and another content"
    )


def fault(file: str = "", line: int = 0, address: str = "") -> TerraformFault:
    return TerraformFault("Invalid", "wrong", address, file, line)


@pytest.mark.parametrize(
    ("given", "blamed"),
    [
        (fault("box--x.tf.json", 4), ("box--x", "name", None)),
        (fault("box--x.tf.json", 9), ("box--x", None, None)),
        (fault("copies/box--x/modules/box/variables.tf", 22), ("box--x", "name", None)),
        (fault("examples/box--x/main.tf", 4), ("box--x", None, None)),
        (fault("copies/box--x/modules/box/main.tf", 8), ("box--x", None, "terraform_data.this")),
        (fault("repository/modules/box/main.tf", 8, 'module.box--x.terraform_data.this["a"]'), ("box--x", None, 'terraform_data.this["a"]')),
        (fault("repository/modules/box/main.tf", 8, "module.box--x"), ("box--x", None, "terraform_data.this")),
        (fault("repository/modules/box/main.tf", 8), None),
        (fault("work/box--x.tf.json", 4), ("box--x", "name", None)),
        (fault("", 0, 'aws_x.y["module.box--x.z"]'), None),
        (fault("other.tf.json", 4), None),
        (fault("", 0, "module.other.terraform_data.this"), None),
        (fault("copies/crate--x/modules/crate/main.tf", 19), ("crate--x", "name", None)),
        (fault("copies/crate--x/modules/crate/main.tf", 16), ("crate--x", None, None)),
        (fault("copies/crate--x/modules/box/main.tf", 8), ("crate--x", None, "module.box.terraform_data.this")),
    ],
)  # fmt: skip
def test_an_error_is_about_a_case_a_variable_and_a_resource(
    layout: RepositoryLayout, given: TerraformFault, blamed: tuple[str, str | None, str | None] | None
) -> None:
    calls = [
        ModuleCall(boxed(module=module), f"{module}--x", True, {4: "name", 5: "tags"}, ())
        for module in ("box", "crate")
    ]
    found = {
        (label, one.variable, one.resource)
        for label, all_ in _blame(calls, [given], layout).items()
        for one in all_
    }
    assert found == ({blamed} if blamed else set())


def test_a_plan_is_cut_into_its_cases() -> None:
    def change(label: str, name: str, after: Any, unknown: Any) -> dict[str, Any]:
        return {
            "address": f"module.{label}.t.{name}",
            "module_address": f"module.{label}",
            "mode": "managed",
            "type": "t",
            "change": {"actions": ["create"], "before": None, "after": after, "after_unknown": unknown},
        }

    plan = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {
            "outputs": {"a--x--n": {"sensitive": True, "type": "string", "value": "v"}},
            "root_module": {
                "child_modules": [
                    {
                        "address": "module.a--x",
                        "resources": [{"address": "module.a--x.t.one", "values": {}}],
                        "child_modules": [
                            {
                                "address": "module.a--x.module.in",
                                "resources": [{"address": "module.a--x.module.in.t.deep"}],
                            }
                        ],
                    },
                    {"address": "module.b--x", "resources": []},
                ]
            },
        },
        "resource_changes": [change("a--x", "one", {"k": 1}, {"id": True}), change("b--x", "two", {}, {})],
        "output_changes": {
            "a--x--n": {"after": "v", "after_unknown": False},
            "b--x--n": {"after_unknown": True},
        },
        "configuration": {"root_module": {"module_calls": {"a--x": {"module": {"variables": {}}}}}},
    }
    calls = [ModuleCall(boxed(), label, False, {}, ("n",)) for label in ("a--x", "b--x", "c--x")]
    parts = split(plan, calls)
    assert parts["a--x"].resources == {"t.one": {"k": 1, "id": UNKNOWN}}
    assert (parts["a--x"].outputs, parts["a--x"].output_types) == ({"n": "v"}, {"n": "string"})
    assert parts["a--x"].raw["planned_values"] == {
        "outputs": {"n": {"sensitive": False, "value": "v"}},
        "root_module": {
            "resources": [{"address": "t.one", "values": {}}],
            "child_modules": [{"address": "module.in", "resources": [{"address": "module.in.t.deep"}]}],
        },
    }
    assert parts["a--x"].raw["configuration"] == {"root_module": {"variables": {}}}
    assert (parts["a--x"].raw["format_version"], parts["a--x"].raw["terraform_version"]) == ("1.2", "1.11.4")
    assert (parts["b--x"].outputs, parts["b--x"].output_types) == ({"n": UNKNOWN}, {"n": None})
    assert parts["b--x"].raw["planned_values"]["outputs"]["n"]["value"] is None
    assert (parts["c--x"].resources, parts["c--x"].counts()) == ({}, {})
    assert (parts["b--x"].counts(), parts["b--x"].type_of("t.two")) == ({"t": 1}, "t")
    assert parts["a--x"].plan.outputs == {"n": "v"}
