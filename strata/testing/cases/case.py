"""A test case: what a module is given, and what is expected of the plan."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    ValidationError,
    model_validator,
)

from strata.errors import StrataError, did_you_mean
from strata.modules.interface import Module
from strata.testing.cases.documents import Document, Keys, read_document
from strata.testing.cases.layout import RepositoryLayout

INPUTS = "inputs"
# Of each of these keys, a file beside cases holds what they share.
SHARED = (INPUTS, "override_data", "providers")


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return text


def _statements(given: Any) -> Any:
    """A plain list of statements excludes others."""
    return {"equals": given} if isinstance(given, list) else given


class _CasePart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class PolicyStatements(_CasePart):
    """Statements that a policy must contain, or the ones it must consist of."""

    contains: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = None
    """Statements that the policy has, among others."""
    equals: list[dict[str, Any]] | None = None
    """All statements of the policy; a plain list means the same."""

    @model_validator(mode="after")
    def _one(self) -> PolicyStatements:
        if (self.contains is None) == (self.equals is None):
            raise ValueError("takes either `contains` or `equals`, a list of statements")
        return self


class Expectation(_CasePart):
    """What a plan must show."""

    absent: list[str] = []
    """Addresses or types that must not be planned."""
    counts: dict[str, NonNegativeInt] = {}
    """Resource type → how many; `resources` counts all."""
    outputs: dict[str, Any] = {}
    """Output → its value, or the part of it that counts."""
    policies: dict[str, Annotated[PolicyStatements, BeforeValidator(_statements)]] = {}
    """Address and attribute of a policy → its statements."""
    values: dict[str, dict[str, Any]] = {}
    """Address inside the module → the attributes that count; others may be anything."""

    @model_validator(mode="after")
    def _something(self) -> Expectation:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("expects nothing, so that it cannot fail")
        return self


class ExpectedError(_CasePart):
    """The error that Terraform must report."""

    pattern: Annotated[str, AfterValidator(_pattern)]
    """A regular expression that is searched in Terraform's words."""
    resource: str | None = None
    """The address of the resource that is refused."""
    variable: str | None = None
    """The variable that is refused."""


class CaseFile(_CasePart):
    """What a case file says."""

    inputs: dict[str, Any] = {}
    """The module's inputs."""
    providers: dict[str, dict[str, Any]] = {}
    """Configurations of providers, by the module's names: `aws`, `aws.replica`."""
    override_data: dict[str, dict[str, Any]] = {}
    """Address of a data source → what it answers; it is not asked."""
    expect: Expectation | None = None
    """What the plan must show."""
    error: ExpectedError | None = None
    """The error that Terraform must report."""

    @model_validator(mode="after")
    def _one(self) -> CaseFile:
        if (self.expect is None) == (self.error is None):
            raise ValueError("needs either `expect` or `error`")
        return self


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        id: what identifies it in a run of pytest: its node id.
        name: the case's name.
        module: the module it tests, a folder of the modules' folder.
        inputs: the module's inputs, shared ones included; empty for an example.
        providers: configurations by the module's name of the provider, such as `aws` or `aws.replica`.
        override_data: what data sources answer, by their addresses in the module.
        expect, error: exactly one of the two is given.
        example: the HCL text of an example in a README, instead of inputs.
        document: the file it was read from, for the lines of what it says.
        shown: that file's name for people.
        line: where an example's text begins in it.
        outputs: the outputs to plan where no expectation names them.
    """

    id: str
    name: str
    module: str
    inputs: dict[str, Any] = field(default_factory=dict)
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)
    override_data: dict[str, dict[str, Any]] = field(default_factory=dict)
    expect: Expectation | None = None
    error: ExpectedError | None = None
    example: str | None = None
    document: Document | None = None
    shown: str = ""
    line: int = 1
    outputs: tuple[str, ...] = ()

    def fault(self, message: str, keys: Keys = (), remedy: str | None = None) -> StrataError:
        """An error in the case itself, with its file and line."""
        line = self.document.line(keys) if self.document is not None else self.line
        return StrataError(message, file=self.shown, line=line, remedy=remedy)


def read_case(path: Path, layout: RepositoryLayout, node_id: str) -> Case:
    """Read a case file; what the cases of its module and of all modules share is merged in.

    Args:
        path: the file, `<cases>/<module>/<case>.yaml`.
        layout: where cases and modules are.
        node_id: the case's id.

    Raises:
        StrataError: it is not YAML, or not what a case looks like; file and line are the place.
    """
    shown = layout.shown(path)
    document = read_document(path, shown)
    try:
        content = CaseFile.model_validate(document.value)
    except ValidationError as error:
        raise _first(error, document, shown) from None
    merged = {name: shared(path.parent.name, name, layout) | getattr(content, name) for name in SHARED}
    return Case(
        id=node_id,
        name=path.stem,
        module=path.parent.name,
        **merged,
        expect=content.expect,
        error=content.error,
        document=document,
        shown=shown,
    )


def shared(module: str, key: str, layout: RepositoryLayout) -> dict[str, Any]:
    """What the cases of a module start from: what all modules share, as far as it fits, then its own.

    Args:
        module: the module.
        key: one of SHARED.
        layout: where cases and modules are.

    Raises:
        StrataError: a file of it is not a YAML mapping.
    """
    if (module, key) not in layout.shared:
        layout.shared[module, key] = _read_shared(module, key, layout)
    return layout.shared[module, key]


def _read_shared(module: str, key: str, layout: RepositoryLayout) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in (layout.cases / f"{key}.yaml", layout.cases / module / f"{key}.yaml"):
        if file.is_file():
            shown = layout.shown(file)
            value = read_document(file, shown).value
            if not isinstance(value, dict):
                raise StrataError(f"shared {key} are a mapping of names to values", file=shown, line=1)
            if key != INPUTS and (wrong := [name for name in value if not isinstance(value[name], dict)]):
                raise StrataError(f"{key}.{wrong[0]} is not a mapping", file=shown)
            if file.parent == layout.cases and module in layout.names:
                known = _known_to(layout.module(module), key)
                value = {name: item for name, item in value.items() if name in known}
            found |= value
    return found


def _known_to(module: Module, key: str) -> Collection[str]:
    if key == INPUTS:
        return module.variables
    return module.data_addresses if key == "override_data" else module.configurations


def _first(error: ValidationError, document: Document, shown: str) -> StrataError:
    """The first thing wrong with a case file, in one line."""
    found = error.errors()[0]
    # A union or a validator adds steps of its own to the path; what the file has is what counts.
    keys: Keys = ()
    for step in found["loc"]:
        if (*keys, step) in document.lines:
            keys = (*keys, step)
    name = ".".join(str(key) for key in keys)
    line = document.line(keys)
    if found["type"] == "extra_forbidden":
        remedy = did_you_mean(str(keys[-1]), _known(keys))
        return StrataError(f"unknown key `{name}`", file=shown, line=line, remedy=remedy)
    if found["type"] == "missing":
        missing = found["loc"][-1]
        return StrataError(f"{name or 'the case'} lacks `{missing}`", file=shown, line=line)
    message = found["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if found["type"] in ("model_type", "dict_type"):
        if document.value is None:
            return StrataError("the file is empty", file=shown, line=1)
        message = "is not a mapping of keys to values"
    return StrataError(f"{name or 'the case'} {message}", file=shown, line=line)


def _known(keys: Keys) -> list[str]:
    models: dict[str, type[BaseModel]] = {"expect": Expectation, "error": ExpectedError}
    if len(keys) == 1:
        return list(CaseFile.model_fields)
    if keys[0] == "expect" and len(keys) == 4:
        return list(PolicyStatements.model_fields)
    return sorted(models[str(keys[0])].model_fields)
