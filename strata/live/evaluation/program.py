"""Turns expressions of the live tree into locals of one scratch folder.

References become names of that folder, Terragrunt's functions become their answers; all the rest is the
file's own text. A function whose arguments Terraform must work out first (an iteration variable, a computed
path) gets a probe: an expression that lists the arguments it will be called with. The caller evaluates the
probes and translates again.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strata.errors import StrataError, did_you_mean
from strata.hcl.literals import literal, object_of, quoted
from strata.live.evaluation.commands import Commands
from strata.live.evaluation.config_value import configuration_text
from strata.live.evaluation.console import Definition
from strata.live.evaluation.constant_folding import NotConstantError, Statics, as_string
from strata.live.evaluation.document import dependency_blocks
from strata.live.evaluation.file_paths import completed_path
from strata.live.evaluation.functions import FunctionError, answer, configuration_path, failure
from strata.live.evaluation.tfvars import read_tfvars
from strata.live.language.argument_probes import Calls, Probe, guarded
from strata.live.language.expression import CutExpression, For, FunctionCall, VariableReference
from strata.live.language.hcl import Attribute
from strata.live.language.names import FILE_FUNCTIONS, REFUSED_FUNCTIONS
from strata.live.language.schema import Leaf
from strata.live.language.scope import Scope


@dataclass
class _Draft:
    """What is learnt of an expression while it is translated."""

    scope: Scope
    in_locals: bool = False
    pending: bool = False
    outputs: bool = False
    uses: set[str] = field(default_factory=set)


_Build = Callable[[_Draft], str]


@dataclass
class Program:
    """The locals of one evaluation.

    Args:
        read: gives the scope of a file that `read_terragrunt_config` names, for the scope it is read from.
        environ: what `get_env` sees.
        command: the Terraform command that `get_terraform_command` names.
        calls: arguments of calls found by earlier probes.
        outputs: by unit scope and dependency name, the expression of the dependency's outputs, None if it
            has none, or the error that using them is; a unit that is absent has none yet.
    """

    read: Callable[[Path, Scope], Scope]
    environ: Mapping[str, str]
    command: str
    calls: Calls
    commands: Commands | None
    outputs: Mapping[str, Mapping[str, str | StrataError | None]] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    failures: dict[str, StrataError] = field(default_factory=dict)
    probes: dict[tuple[str, int], Probe] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _open: list[tuple[str, str]] = field(default_factory=list)
    _same: dict[tuple[Path, int, str, bool], Definition] = field(default_factory=dict)
    _leaves: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def statics(self) -> Statics:
        return Statics(self.environ, self.command)

    # -- what a caller asks for ------------------------------------------------------------------------------

    def leaf(self, scope: Scope, leaf: Leaf) -> Definition:
        """The local that holds one attribute's value."""
        name = self._leaves.setdefault((scope.key, id(leaf)), f"{scope.key}_e_{len(self._leaves)}")
        return self._define(name, leaf.value, _Draft(scope), f"`{leaf.name}`")

    def local(self, scope: Scope, attribute: Attribute) -> Definition:
        """The local that holds a local of the file."""
        name = f"{scope.key}_l_{attribute.name}"
        return self._define(name, attribute.value, _Draft(scope, in_locals=True), f"local.{attribute.name}")

    # -- definitions -----------------------------------------------------------------------------------------

    def _define(self, name: str, value: CutExpression, draft: _Draft, shown: str) -> Definition:
        found = self._add(name, lambda inner: self._text(value, inner), draft, value.path, value.line, shown)
        # The same text of the same place, read for another unit, has the same value.
        return self._same.setdefault((found.path, found.line, found.text, found.pending), found)

    def _add(self, name: str, build: _Build, draft: _Draft, path: Path, line: int, shown: str) -> Definition:
        if name in self.definitions:
            return self.definitions[name]
        circle = [opened for opened, _ in self._open]
        if name in circle:
            names = [label for _, label in self._open[circle.index(name) :]]
            raise StrataError(
                f"a value refers to itself: {' -> '.join([*names, shown])}", file=path, line=line
            )
        self._open.append((name, shown))
        try:
            text = build(draft)
        finally:
            self._open.pop()
        definition = Definition(name, text, path, line, frozenset(draft.uses), draft.pending, draft.outputs)
        self.definitions[name] = definition
        return definition

    def _use(self, definition: Definition, draft: _Draft) -> str:
        draft.uses.add(definition.name)
        draft.pending |= definition.pending
        draft.outputs |= definition.outputs
        return f"local.{definition.name}"

    def _fail(self, error: StrataError) -> str:
        """An expression that fails with `error` when it is evaluated, not before: `try` can catch it."""
        key = f"e{len(self.failures)}"
        self.failures[key] = error
        return f'local.fail["{key}"]'

    # -- expressions -----------------------------------------------------------------------------------------

    def _text(self, expression: CutExpression, draft: _Draft) -> str:
        pieces: list[str] = []
        for part in expression.parts:
            if isinstance(part, str):
                pieces.append(part)
            elif isinstance(part, VariableReference):
                pieces.append(self._reference(part, expression.path, draft))
            else:
                # As many lines as before, so that Terraform's line numbers hold.
                pieces.append(f"({self._call(part, expression.path, draft)}{chr(10) * part.newlines})")
        return "".join(pieces)

    def _reference(self, reference: VariableReference, path: Path, draft: _Draft) -> str:
        root, steps, scope = reference.root, reference.steps, draft.scope
        error = StrataError(f"variable `{root}` does not exist here", file=path, line=reference.line)
        match root:
            case "local":
                return self._local_reference(reference, path, draft)
            case "include":
                return self._include_reference(reference, path, draft)
            case "feature":
                return ".".join((self._features(scope, draft), *steps))
            case "dependency":
                return self._dependency_reference(reference, path, draft)
            case "values":
                reason, remedy = "values of a stack are not read", "write them as inputs"
                error = StrataError(reason, file=path, line=reference.line, remedy=remedy)
        return self._fail(error)

    def _local_reference(self, reference: VariableReference, path: Path, draft: _Draft) -> str:
        scope, steps = draft.scope, reference.steps
        if not steps:
            return self._locals(scope, draft)
        attribute = scope.locals.get(steps[0])
        if attribute is None:
            error = StrataError(f"local `{steps[0]}` does not exist", file=path, line=reference.line)
            if draft.in_locals:
                # Terragrunt waits for every local that another names; `try` does not help there.
                raise error
            return self._fail(error)
        return ".".join((self._use(self.local(scope, attribute), draft), *steps[1:]))

    def _locals(self, scope: Scope, draft: _Draft) -> str:
        def build(inner: _Draft) -> str:
            return object_of({n: self._use(self.local(scope, a), inner) for n, a in scope.locals.items()})

        return self._whole(scope, "locals", build, draft, "locals")

    def _include_reference(self, reference: VariableReference, path: Path, draft: _Draft) -> str:
        includes = {include.name: include for include in draft.scope.includes}
        steps = reference.steps if set(includes) != {""} else ("", *reference.steps)
        if not steps:
            exposed = {n: self._config(i.scope, draft) for n, i in includes.items() if i.expose}
            return object_of(exposed)
        include = includes.get(steps[0])
        if include is None or not include.expose:
            reason = "is not exposed (`expose = true`)" if include else "does not exist"
            return self._fail(StrataError(f"include `{steps[0]}` {reason}", file=path, line=reference.line))
        if len(steps) > 2 and steps[1] == "locals":
            attribute = include.scope.locals.get(steps[2])
            if attribute is not None:
                value = self._use(self.local(include.scope, attribute), draft)
                # Terragrunt hands the included values over as JSON: sets become lists.
                return ".".join((f"jsondecode(jsonencode({value}))", *steps[3:]))
        return ".".join((self._config(include.scope, draft), *steps[1:]))

    def _features(self, scope: Scope, draft: _Draft) -> str:
        def build(inner: _Draft) -> str:
            found: dict[str, tuple[Scope, Leaf]] = {}
            for part in (*scope.merged(), scope):
                for name, flag in part.tree.get("feature", {}).items():
                    found[name] = (part, flag["default"])
            values = {n: self._use(self.leaf(part, leaf), inner) for n, (part, leaf) in found.items()}
            return object_of(
                {n: object_of({"name": quoted(n), "value": value}) for n, value in values.items()}
            )

        return self._whole(scope, "features", build, draft, "feature")

    def _dependency_reference(self, reference: VariableReference, path: Path, draft: _Draft) -> str:
        steps, unit = reference.steps, draft.scope.unit
        line = reference.line
        if draft.in_locals:
            raise StrataError(
                "a local cannot read a dependency's outputs: locals are evaluated first",
                remedy="use the output in `inputs`",
                file=path,
                line=line,
            )
        if len(steps) > 1 and steps[1] == "inputs":
            raise StrataError(
                "the inputs of a dependency cannot be read",
                remedy="read its outputs",
                file=path,
                line=line,
            )
        draft.outputs = True
        if unit is None:
            reason = "the outputs of a file's dependencies are not read through `read_terragrunt_config`"
            return self._fail(StrataError(reason, file=path, line=line))
        if not steps:
            found = [self._dependency(unit, name, (), path, line, draft) for name in dependency_blocks(unit)]
            return object_of(dict(zip(dependency_blocks(unit), found, strict=True)))
        if steps[0] not in dependency_blocks(unit):
            remedy = did_you_mean(steps[0], dependency_blocks(unit))
            fault = f"dependency `{steps[0]}` does not exist"
            return self._fail(StrataError(fault, file=path, line=line, remedy=remedy))
        if steps[1:] and steps[1] != "outputs":
            fault = f"dependency `{steps[0]}` has no attribute `{steps[1]}`"
            remedy = did_you_mean(steps[1], ["outputs"])
            return self._fail(StrataError(fault, file=path, line=line, remedy=remedy))
        return self._dependency(unit, steps[0], steps[1:], path, line, draft)

    def _dependency(
        self, unit: Scope, name: str, steps: tuple[str, ...], path: Path, line: int, draft: _Draft
    ) -> str:
        """What follows `dependency.NAME`; nothing follows where it is taken whole."""
        known = self.outputs.get(unit.key)
        if known is None:
            reason = f"the outputs of dependency `{name}` are not known yet"
            return self._fail(StrataError(reason, file=path, line=line))
        value = known.get(name)
        if isinstance(value, StrataError):
            return self._fail(StrataError(value.message, file=path, line=line, remedy=value.remedy))
        if steps[:1] == ("outputs",) and value is None:
            reason = (
                f"dependency `{name}` has no outputs: `skip_outputs` is set and its mocks are not allowed"
            )
            return self._fail(StrataError(f"{reason} for {self.command}", file=path, line=line))
        # Terragrunt reads no inputs of the other unit, and shows that.
        text = "{ inputs = null }" if value is None else f"{{ inputs = null, outputs = {value} }}"
        key = f"{unit.key}_d_{name}"
        definition = self._add(key, lambda _: text, _Draft(unit), path, line, f"dependency.{name}")
        return ".".join((self._use(definition, draft), *steps))

    def _config(self, scope: Scope, draft: _Draft) -> str:
        """A whole configuration as one value."""

        def build(inner: _Draft) -> str:
            return configuration_text(
                scope,
                lambda part, leaf: self._use(self.leaf(part, leaf), inner),
                lambda part, attribute: self._use(self.local(part, attribute), inner),
                graph_only=scope.unit is not None and scope.unit.key not in self.outputs,
            )

        return self._whole(scope, "config", build, draft, str(scope.file.path))

    def _whole(self, scope: Scope, part: str, build: _Build, draft: _Draft, shown: str) -> str:
        name = f"{scope.key}_{part}"
        return self._use(self._add(name, build, _Draft(scope), scope.file.path, 1, shown), draft)

    # -- calls -----------------------------------------------------------------------------------------------

    def _call(self, call: FunctionCall, path: Path, draft: _Draft) -> str:
        if call.name in REFUSED_FUNCTIONS and not (call.name == "run_cmd" and self.commands):
            reason = REFUSED_FUNCTIONS[call.name]
            raise StrataError(f"`{call.name}` is not supported: {reason}", file=path, line=call.line)
        if call.name in FILE_FUNCTIONS:
            return self._file_call(call, path, draft)
        reading = call.name == "read_terragrunt_config"
        if reading and not 1 <= len(call.arguments) <= 2:
            raise StrataError("`read_terragrunt_config` takes 1 or 2 arguments", file=path, line=call.line)
        decisive = call.arguments[:1] if reading else call.arguments
        try:
            if call.spread:
                raise NotConstantError
            arguments = [self.statics.value(argument, draft.scope) for argument in decisive]
        except NotConstantError:
            return self._dynamic_call(call, path, draft, decisive)
        except StrataError as error:
            return self._fail(error)
        return self._answer(call, arguments, path, draft)

    def _answer(self, call: FunctionCall, arguments: list[Any], path: Path, draft: _Draft) -> str:
        """The text of the call's value, or of its failure."""
        try:
            strings = [as_string(argument, call.name) for argument in arguments]
            if call.name == "read_terragrunt_config":
                file = configuration_path(strings[0], draft.scope)
                if file.exists():
                    return self._config(self.read(file, draft.scope), draft)
                if len(call.arguments) == 2:
                    return self._text(call.arguments[1], draft)
                raise FunctionError(f"`read_terragrunt_config`: no such file: {file}")
            if call.name == "run_cmd" and self.commands:
                return literal(self.commands.run(strings, draft.scope.directory))
            if call.name == "read_tfvars_file":
                return read_tfvars(strings, draft.scope.directory)
            return literal(answer(call.name, strings, draft.scope, self.environ, self.command))
        except FunctionError as error:
            return self._fail(failure(error, path, call.line))

    def _dynamic_call(
        self, call: FunctionCall, path: Path, draft: _Draft, decisive: tuple[CutExpression, ...]
    ) -> str:
        key = (draft.scope.key, id(call))
        listed = self._listed(call, decisive, draft)
        if key not in self.calls:
            draft.pending = True
            self._probe(key, call, decisive, path, draft)
            return "null"
        arguments = {text: json.loads(text) for text in self.calls[key]}
        if not any(isinstance(guard, For) for guard in call.guards):
            if not arguments:
                unreached = StrataError(f"`{call.name}` cannot be answered here", file=path, line=call.line)
                return self._fail(unreached)
            return self._answer(call, next(iter(arguments.values())), path, draft)
        if len(decisive) == len(call.arguments):
            return self._table(key, call, arguments, listed, path, draft)
        # A default may use the iteration's variables, so it stands where the call stood, not in the table.
        arguments = {text: given for text, given in arguments.items() if _exists(given, draft.scope)}
        default = self._text(call.arguments[1], draft)
        return f"try({self._table(key, call, arguments, listed, path, draft)}, {default}\n)"

    def _table(
        self,
        key: tuple[str, int],
        call: FunctionCall,
        arguments: Mapping[str, list[Any]],
        listed: str,
        path: Path,
        draft: _Draft,
    ) -> str:
        """One answer for each argument list, looked up by the arguments."""
        found = {text: self._answer(call, given, path, draft) for text, given in arguments.items()}
        name = f"{key[0]}_t{next(self._numbers)}"
        failed = [text for text in found.values() if text.startswith("local.fail")]
        if failed:
            self.failures[name] = self.failures[failed[0].split('"')[1]]
        good = {text: value for text, value in found.items() if value not in failed}
        table = self._add(name, lambda _: object_of(good), _Draft(draft.scope), path, call.line, call.name)
        return f"{self._use(table, draft)}[jsonencode({listed})]"

    def _listed(self, call: FunctionCall, arguments: tuple[CutExpression, ...], draft: _Draft) -> str:
        """The call's arguments as one list."""
        texts = [f"{self._text(argument, draft)}\n" for argument in arguments]
        if call.spread:
            return f"concat([{', '.join(texts[:-1])}], {texts[-1]})"
        return f"[{', '.join(texts)}]"

    def _probe(
        self,
        key: tuple[str, int],
        call: FunctionCall,
        decisive: tuple[CutExpression, ...],
        path: Path,
        draft: _Draft,
    ) -> None:
        """Register the local that lists the arguments of every call that will be made."""
        if key in self.probes:
            return

        def build(own: _Draft) -> str:
            text = f"[jsonencode({self._listed(call, decisive, own)})]"
            return guarded(text, call.guards, lambda expression: self._text(expression, own))

        name = f"{key[0]}_p{next(self._numbers)}"
        definition = self._add(name, build, _Draft(draft.scope, draft.in_locals), path, call.line, call.name)
        if not definition.pending:
            self.probes[key] = Probe(name, key, definition.outputs)

    def _file_call(self, call: FunctionCall, path: Path, draft: _Draft) -> str:
        """A file function of HCL, its path completed: the console runs elsewhere."""
        texts = [self._text(argument, draft) for argument in call.arguments]
        if texts:
            texts[0] = completed_path(call, texts[0], draft.scope, self.statics)
        spread = "..." if call.spread else ""
        return f"{call.name}({', '.join(text + chr(10) for text in texts)}{spread})"


def _exists(arguments: list[Any], scope: Scope) -> bool:
    return isinstance(arguments[0], str) and configuration_path(arguments[0], scope).exists()
