"""Rules on variables and outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from strata.hcl.types import Collection, Field, Object, Primitive, Type, parts
from strata.lint.findings import LintFinding
from strata.modules.interface import Module, Output, Variable

RULES = {
    "variable-type": "every variable has a type",
    "variable-any": "no type is `any`",
    "variable-description": "every variable is described",
    "variable-nullable": "`nullable = false`, unless the default is null",
    "variable-list": "repeated things are maps; a list of objects says why their order matters",
    "variable-validation": "strings and numbers are validated, names, ARNs, sizes and times in objects too; "
    "what is handed on as it is to a nested module is validated there",
    "opt-out-reason": "who switches a default off (`opt_out`) says why, in a validated `reason`",
    "variable-order": "variables are in alphabetical order",
    "variable-file": "variables are in variables.tf",
    "output-description": "every output is described",
    "output-order": "outputs are in alphabetical order",
    "output-file": "outputs are in outputs.tf",
}

# Fields of objects that by their name are one of those that the rule asks a validation for.
_VALIDATED = re.compile(
    r"(^|_)(arns?|bucket|class|days|hours|level|mb|minutes|name|prefix|seconds|size|type|workers)$"
)
_STAMPED = "context.tf"


def check(module: Module) -> Iterator[LintFinding]:
    """The findings in a module's variables and outputs."""
    handed = _handed_on(module)
    for variable in module.variables.values():
        for rule, text in _variable(variable, variable.name in handed):
            yield _finding(module, rule, "variable", variable, text)
    for output in module.outputs.values():
        if not output.description:
            yield _finding(
                module, "output-description", "output", output, f"{output.name} has no description"
            )
    yield from _arranged(module, "variable", module.variables)
    yield from _arranged(module, "output", module.outputs)


def _variable(variable: Variable, handed_on: bool) -> Iterator[tuple[str, str]]:
    name = variable.name
    if variable.type is None:
        yield "variable-type", f"{name} has no type"
    elif Primitive("any") in parts(variable.type):
        yield "variable-any", f"the type of {name} holds `any`"
    if not variable.description:
        yield "variable-description", f"{name} has no description"
    if variable.nullable and variable.default != "null":
        yield "variable-nullable", f"{name} lacks `nullable = false`"
    if _listed(variable.type) and not re.search(r"\border", variable.description or ""):
        yield (
            "variable-list",
            f"{name} is a list of objects: make it a map, or say in the description what their order means",
        )
    if not handed_on:
        yield from (("variable-validation", text) for text in _unvalidated(variable))
    yield from (("opt-out-reason", text) for text in _silent(variable))


def _handed_on(module: Module) -> set[str]:
    """The variables that are, as they are, an input of a nested module."""
    found: set[str] = set()
    for _, block in module.blocks("module"):
        nested = module.nested.get(block.labels[0])
        for name, value in block.attributes.items():
            if nested is not None and name in nested.variables and value.text.startswith("var."):
                found.add(value.text.removeprefix("var."))
    return found


def _silent(variable: Variable) -> Iterator[str]:
    """Where a security default can be switched off without a reason."""
    fields = [(variable.name, variable.type), *_fields(variable.type, variable.name)]
    conditions = " ".join(validation.condition for validation in variable.validations)
    for path, constraint in fields:
        if path.rpartition(".")[2] != "opt_out" or constraint is None:
            continue
        if constraint != Collection("map", Object({"reason": Field(Primitive("string"))})):
            yield f"{path} is not a map(object({{ reason = string }}))"
        elif not re.search(r"\breason\b", conditions):
            yield f"the reasons in {path} are not validated"


def _listed(constraint: Type | None) -> bool:
    return any(
        isinstance(part, Collection) and part.kind == "list" and isinstance(part.element, Object)
        for part in (parts(constraint) if constraint is not None else ())
    )


def _unvalidated(variable: Variable) -> Iterator[str]:
    kind = variable.type
    if isinstance(kind, Collection) and kind.kind != "map":
        kind = kind.element
    if isinstance(kind, Primitive):
        if kind.name in ("string", "number") and not variable.validations:
            yield f"{variable.name} has no validation"
        return
    conditions = " ".join(validation.condition for validation in variable.validations)
    for path, constraint in _fields(variable.type, ""):
        field = path.rpartition(".")[2]
        plain = constraint.element if isinstance(constraint, Collection) else constraint
        wanted = isinstance(plain, Primitive) and plain.name in ("string", "number")
        if wanted and _VALIDATED.search(field) and not re.search(rf"\b{field}\b", conditions):
            yield f"{variable.name}{path} has no validation"


def _fields(constraint: Type | None, where: str) -> Iterator[tuple[str, Type]]:
    if isinstance(constraint, Collection):
        yield from _fields(constraint.element, where)
    elif isinstance(constraint, Object):
        for name, field in constraint.fields.items():
            yield f"{where}.{name}", field.type
            yield from _fields(field.type, f"{where}.{name}")


def _arranged(module: Module, kind: str, items: Mapping[str, Variable | Output]) -> Iterator[LintFinding]:
    previous: dict[str, str] = {}
    for item in items.values():
        file = item.file.rpartition("/")[2]
        if file == _STAMPED:
            continue
        if not re.fullmatch(rf"{kind}s(-[a-z]+)?\.tf", file):
            text = f"{item.name} is not in {kind}s.tf"
            yield _finding(module, f"{kind}-file", kind, item, text)
        elif item.name < previous.get(file, ""):
            text = f"{item.name} stands after {previous[file]}"
            yield _finding(module, f"{kind}-order", kind, item, text)
        previous[file] = item.name


def _finding(module: Module, rule: str, kind: str, item: Variable | Output, text: str) -> LintFinding:
    return LintFinding(rule, f"modules/{module.name} {kind}.{item.name}", text, item.file, item.line)
