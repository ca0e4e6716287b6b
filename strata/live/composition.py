"""The inputs of many units as expressions, for one Terraform configuration that holds them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from strata.errors import StrataError
from strata.hcl.literals import quoted
from strata.live.dependencies import Loaded, dependency_values
from strata.live.evaluation.console import Definition, closure
from strata.live.evaluation.program import Program
from strata.live.evaluation.reader import Reader
from strata.live.language.schema import Leaf
from strata.live.language.scope import Scope

# Nothing is known of it, not even its type; the console has no plan, so that it has no time of one.
_UNKNOWN = "jsondecode(plantimestamp())"


@dataclass(frozen=True)
class EnvironmentComposition:
    """What a Terraform configuration needs to call each unit's module.

    Attributes:
        definitions: its locals, each with the place in the live tree that its text comes from.
        inputs: by unit and input name, the expression to pass.
        failures: the errors that `local.fail["<key>"]` and tables of answers in the locals stand for.
    """

    definitions: tuple[Definition, ...]
    inputs: Mapping[str, Mapping[str, str]]
    failures: Mapping[str, StrataError]


def compose(
    reader: Reader,
    items: Sequence[Loaded],
    modules: Mapping[str, str],
    outputs: Mapping[str, Mapping[str, object]],
    command: str,
) -> EnvironmentComposition:
    """Write the units' inputs as expressions; see `LiveTree.compose`."""
    unknown = _inputs(reader, items, dict.fromkeys(modules, _UNKNOWN), outputs, command)
    names = unknown.names(reader)
    found = _inputs(reader, items, modules, outputs, command)
    inputs = {
        path: {name: f"{text}[{quoted(name)}]" for name in names[path]} for path, text in found.merged.items()
    }
    definitions = closure(found.program.definitions, found.whole)
    return EnvironmentComposition(tuple(definitions), inputs, found.program.failures)


@dataclass(frozen=True)
class _Inputs:
    """The units' inputs in one program.

    Attributes:
        merged: by unit, the expression of all its inputs.
        whole: the names of the locals that `merged` consists of.
    """

    program: Program
    merged: Mapping[str, str]
    whole: tuple[str, ...]

    def names(self, reader: Reader) -> dict[str, list[str]]:
        """By unit, the names of its inputs, which no output may decide.

        Raises:
            StrataError: one does.
        """
        asked = {f"{name}_names": name for name in self.whole}
        questions = [
            Definition(
                question,
                f"keys(local.{name})",
                self.program.definitions[name].path,
                self.program.definitions[name].line,
                frozenset([name]),
            )
            for question, name in asked.items()
        ]
        definitions = [*closure(self.program.definitions, self.whole), *questions]
        try:
            found = reader.console.evaluate(definitions, list(asked), self.program.failures)
        except StrataError as error:
            if "no known value" not in error.message:
                raise
            # Of many questions Terraform does not say which has no answer.
            for question in questions:
                self._ask(reader, question)
            raise
        return {
            path: found[f"{text.removeprefix('local.')}_names"] if text != "{}" else []
            for path, text in self.merged.items()
        }

    def _ask(self, reader: Reader, question: Definition) -> None:
        definitions = [*closure(self.program.definitions, question.uses), question]
        try:
            reader.console.evaluate(definitions, [question.name], self.program.failures)
        except StrataError as error:
            if "no known value" not in error.message:
                raise
            raise StrataError(
                "which inputs a unit has depends on an output that is not known before it is applied",
                file=question.path,
                line=question.line,
                remedy="write `inputs` as an object, or as a merge of objects, with outputs as values only",
            ) from None


def _inputs(
    reader: Reader,
    items: Sequence[Loaded],
    modules: Mapping[str, str],
    outputs: Mapping[str, Mapping[str, object]],
    command: str,
) -> _Inputs:
    known = {
        item.scope.key: dependency_values(item.unit, outputs, command, modules=modules) for item in items
    }
    program, leaves = reader.translate(
        [item.scope for item in items], _wanted, command=command, outputs=known
    )
    merged: dict[str, str] = {}
    whole: list[str] = []
    for item in items:
        found = [leaves[scope.key, id(leaf)] for scope, leaf in _wanted(item.scope)]
        _refuse_deep(item, found)
        merged[item.unit.path] = "{}"
        if found:
            name = f"{item.scope.key}_inputs"
            text = f"merge({', '.join(f'local.{one.name}' for one in found)})"
            uses = frozenset(one.name for one in found)
            program.definitions[name] = Definition(name, text, found[-1].path, found[-1].line, uses)
            merged[item.unit.path] = f"local.{name}"
            whole.append(name)
    return _Inputs(program, merged, tuple(whole))


def _wanted(unit: Scope) -> Iterable[tuple[Scope, Leaf]]:
    """The `inputs` attributes that make up the unit's, in the order in which a later one wins."""
    for scope in (*unit.merged(), unit):
        leaf = scope.tree.get("inputs")
        if isinstance(leaf, Leaf):
            yield scope, leaf


def _refuse_deep(item: Loaded, found: Sequence[Definition]) -> None:
    deep = [include for include in item.scope.includes if include.merge_strategy == "deep"]
    if deep and len(found) > 1:
        raise StrataError(
            f"{item.unit.path} merges its inputs deeply, which has no expression: the environment cannot be "
            "planned as one",
            file=item.unit.file,
            remedy='include with merge_strategy = "shallow"',
        )
