"""What the rules on variables and outputs find and leave, on declarations of a few lines."""

from __future__ import annotations

import pytest

from strata.modules.interface import read_module
from strata.modules.rules.declarations import RULES, check

VALIDATION = '  validation {{\n    condition     = {0}\n    error_message = "No."\n  }}\n'


def variable(
    kind: str, *conditions: str, about: str = "One.", more: str = "nullable = false", name: str = "v"
) -> str:
    validations = "".join(VALIDATION.format(condition) for condition in conditions)
    typed = f"  type = {kind}\n" if kind else ""
    described = f'  description = "{about}"\n' if about else ""
    return f'variable "{name}" {{\n{described}{typed}  {more}\n{validations}}}\n'


def output(name: str, about: str = "One.") -> str:
    described = f'  description = "{about}"\n' if about else ""
    return f'output "{name}" {{\n{described}  value = 1\n}}\n'


def found(**files: str) -> list[tuple[str, str, str]]:
    """Rule, subject and words of what is found."""
    contents = {f"{name.replace('_', '-')}.tf": text.encode() for name, text in files.items()}
    module = read_module("m", contents, "modules/m")
    findings = list(check(module))
    assert {one.check for one in findings} <= set(RULES)
    return [(one.check, one.subject.removeprefix("modules/m "), one.text) for one in findings]


def words(text: str) -> list[tuple[str, str]]:
    return [(rule, said) for rule, subject, said in found(variables=text) if subject == "variable.v"]


GOOD = [
    variable("bool"),
    variable("string", "var.v != null"),
    variable("number", "var.v > 0"),
    variable("bool", more="default = null"),
    variable("bool", more="nullable = false\n  default = true"),
    variable("map(bool)"),
    variable("set(string)", "length(var.v) > 0"),
    variable("list(number)", "length(var.v) > 0"),
    variable("map(string)"),
    variable("list(object({ on = bool }))", about="Steps; their order is that of the run."),
    variable("map(object({ colour = string }))"),
    variable("map(object({ role_arn = string }))", "alltrue([for one in var.v : one.role_arn != null])"),
    variable("object({ opt_out = optional(map(object({ reason = string })), {}) })", "var.v.opt_out.x.reason != null"),
    variable("map(object({ reason = string }))", "var.v.x.reason != null", name="v"),
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_a_variable_that_keeps_the_rules(text: str) -> None:
    assert words(text) == []


# a variable; the rule that it breaks, and the words
BROKEN: list[tuple[str, str, str]] = [
    (variable(""), "variable-type", "v has no type"),
    (variable("any"), "variable-any", "the type of v holds `any`"),
    (variable("map(object({ a = optional(list(any)) }))"), "variable-any", "the type of v holds `any`"),
    (variable("bool", about=""), "variable-description", "v has no description"),
    (variable("bool", more=""), "variable-nullable", "v lacks `nullable = false`"),
    (variable("bool", more="default = true"), "variable-nullable", "v lacks `nullable = false`"),
    (variable("bool", more='default = "null"'), "variable-nullable", "v lacks `nullable = false`"),
    (variable("list(object({ on = bool }))"), "variable-list", "v is a list of objects: make it a map, or say in the description what their order means"),
    (variable("list(object({ on = bool }))", about="In reorder."), "variable-list", "v is a list of objects: make it a map, or say in the description what their order means"),
    (variable("object({ a = optional(list(object({ on = bool }))) })"), "variable-list", "v is a list of objects: make it a map, or say in the description what their order means"),
    (variable("string"), "variable-validation", "v has no validation"),
    (variable("number"), "variable-validation", "v has no validation"),
    (variable("set(string)"), "variable-validation", "v has no validation"),
    (variable("list(number)"), "variable-validation", "v has no validation"),
    (variable("map(object({ role_arn = string }))"), "variable-validation", "v.role_arn has no validation"),
    (variable("map(object({ role_arn = string }))", "var.v.my_role_arn != null"), "variable-validation", "v.role_arn has no validation"),
    (variable("object({ a = map(object({ keep_days = optional(number, 1) })) })", "true"), "variable-validation", "v.a.keep_days has no validation"),
    (variable("object({ role_arns = set(string) })"), "variable-validation", "v.role_arns has no validation"),
    (variable("object({ opt_out = optional(set(string), []) })"), "opt-out-reason", "v.opt_out is not a map(object({ reason = string }))"),
    (variable("object({ opt_out = map(object({ reason = string })) })"), "opt-out-reason", "the reasons in v.opt_out are not validated"),
    (variable("object({ a = object({ opt_out = bool }) })"), "opt-out-reason", "v.a.opt_out is not a map(object({ reason = string }))"),
    (variable("object({ opt_out = map(object({ reason = string })) })", "var.v.unreasonable"), "opt-out-reason", "the reasons in v.opt_out are not validated"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rule", "says"), BROKEN)
def test_a_variable_that_breaks_a_rule(text: str, rule: str, says: str) -> None:
    assert words(text) == [(rule, says)]


VALIDATED = ["arn", "arns", "bucket", "class", "days", "hours", "level", "mb", "minutes", "name", "prefix", "seconds",
             "size", "type", "workers"]  # fmt: skip


@pytest.mark.parametrize("word", VALIDATED)
def test_fields_that_are_validated_by_their_names(word: str) -> None:
    for field, fault in ((word, True), (f"my_{word}", True), (f"my{word}", False), (f"{word}_x", False)):
        expected = [("variable-validation", f"v.{field} has no validation")] if fault else []
        assert words(variable(f"object({{ {field} = string }})")) == expected
        assert words(variable(f"object({{ {field} = list(number) }})")) == expected
        assert words(variable(f"object({{ {field} = bool }})")) == []
        assert words(variable(f"object({{ {field} = string }})", f"var.v.{field} > 1")) == []


def test_an_opt_out_of_its_own() -> None:
    kind = "map(object({ reason = string }))"
    assert [rule for rule, _, _ in found(variables=variable(kind, name="opt_out"))] == ["opt-out-reason"]
    assert found(variables=variable(kind, "var.opt_out.x.reason != null", name="opt_out")) == []
    assert found(variables=variable("bool", name="opt_out"))[0][2] == (
        "opt_out is not a map(object({ reason = string }))"
    )


def test_the_order_and_the_files_of_variables() -> None:
    a, b, c = (variable("bool", name=name) for name in "abc")
    assert found(variables=a + b, variables_more=a.replace('"a"', '"c"')) == []
    assert found(variables=b + c, variables_more=a) == []
    assert found(variables=b + a + c) == [("variable-order", "variable.a", "a stands after b")]
    assert found(variables=c + a + b) == [("variable-order", "variable.a", "a stands after c")]
    assert found(context=b + a, main="") == []
    assert found(main=a) == [("variable-file", "variable.a", "a is not in variables.tf")]
    assert found(variables2=a) == [("variable-file", "variable.a", "a is not in variables.tf")]
    assert found(my_variables=a) == [("variable-file", "variable.a", "a is not in variables.tf")]
    assert found(outputs=a) == [("variable-file", "variable.a", "a is not in variables.tf")]


def test_outputs() -> None:
    a, b = output("a"), output("b")
    assert found(outputs=a, outputs_more=b) == []
    assert found(outputs=b + a) == [("output-order", "output.a", "a stands after b")]
    assert found(variables=a) == [("output-file", "output.a", "a is not in outputs.tf")]
    assert found(outputs=output("a", "")) == [("output-description", "output.a", "a has no description")]
    assert found(context=output("b") + output("a")) == []


INNER = 'variable "label" {\n  type = string\n}\n'


@pytest.mark.parametrize(
    ("given", "handed_on"),
    [("label = var.v", True), ("label = upper(var.v)", False), ("other = var.v", False), ("label = var.w", False), ("label = local.v", False)],
)  # fmt: skip
def test_what_is_handed_on_is_validated_there(given: str, handed_on: bool) -> None:
    call = f'module "inner" {{\n  source = "../inner"\n  {given}\n}}\nmodule "far" {{\n  source = "x"\n  label = var.v\n}}\n'
    contents = {"main.tf": call.encode(), "variables.tf": variable("string").encode()}
    inner = read_module("inner", {"variables.tf": INNER.encode()}, "modules/inner")
    module = read_module("m", contents, "modules/m", lambda source: inner)
    assert [one.check for one in check(module)] == ([] if handed_on else ["variable-validation"])
