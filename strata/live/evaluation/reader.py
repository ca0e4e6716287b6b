"""Evaluates units, many at a time, with as few console processes as their functions allow."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.hcl.syntax import HclSyntaxError
from strata.live.evaluation.commands import Commands
from strata.live.evaluation.console import Console, Definition, closure
from strata.live.evaluation.constant_folding import NotConstantError
from strata.live.evaluation.program import Program
from strata.live.language.argument_probes import Calls, Probe
from strata.live.language.expression import CutExpression
from strata.live.language.hcl import ConfigBlock, Configuration, parse
from strata.live.language.includes import STRATEGIES
from strata.live.language.schema import Kind, Leaf, includes_of, leaves
from strata.live.language.scope import Include, Scope

# In files whose value depends on the unit that reads them.
_READER_DEPENDENT = re.compile(
    r"\b(get_original_terragrunt_dir|read_terragrunt_config)\b|\binclude\b\s*[\"{.\[]"
)
_INCLUDE_KINDS: dict[str, Kind] = {"path": "string", "expose": "bool", "merge_strategy": "string"}

Wanted = Callable[[Scope], Iterable[tuple[Scope, Leaf]]]


@dataclass(frozen=True)
class Values:
    """What an evaluation gave, by scope: the values of leaves by leaf, and the units' locals."""

    leaves: Mapping[str, dict[int, Any]]
    locals: Mapping[str, dict[str, Any]]

    def of(self, scope: Scope) -> dict[int, Any]:
        """The scope's values by the leaf's identity."""
        return self.leaves.get(scope.key, {})


@dataclass(frozen=True)
class _Step:
    """A program with what is wanted of it, what of that needs no Terraform, and what must be asked before."""

    program: Program
    leaves: dict[tuple[str, int], Definition]
    locals: dict[tuple[str, str], Definition]
    includes: list[tuple[Scope, Leaf, str]]
    known: dict[str, Any]
    probes: list[Probe] = field(default_factory=list)


@dataclass
class Reader:
    """Parses files once and evaluates units; several threads may do so at the same time.

    Args:
        root: the folder of the live tree.
        environ: what `get_env` sees.
        console: evaluates expressions.
        commands: answers `run_cmd`; without it the function is refused.
    """

    root: Path
    environ: Mapping[str, str]
    console: Console
    commands: Commands | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _files: dict[Path, Configuration] = field(default_factory=dict)
    _units: dict[Path, Scope] = field(default_factory=dict)
    _read: dict[tuple[Path, Path | None], Scope] = field(default_factory=dict)
    _calls: Calls = field(default_factory=dict)
    _include_values: dict[tuple[str, int], Any] = field(default_factory=dict)
    _include_leaves: dict[tuple[str, str, str], Leaf] = field(default_factory=dict)

    def unit(self, file: Path) -> Scope:
        """The scope of the unit whose configuration is `file`.

        Raises:
            StrataError: the file cannot be read or has a syntax error.
        """
        with self._lock:
            if file not in self._units:
                key = f"u{len(self._units)}"
                self._units[file] = Scope(key, self._file(file), file, file, self.root, is_unit=True)
            return self._units[file]

    def evaluate(
        self,
        units: Sequence[Scope],
        wanted: Wanted,
        *,
        command: str,
        outputs: Mapping[str, Mapping[str, str | StrataError | None]] | None = None,
        check: bool = True,
    ) -> Values:
        """The values of the units' locals and of the leaves that `wanted` names for each, in one go.

        Args:
            units: scopes from `unit`.
            wanted: the leaves to evaluate, with their scopes, for an opened unit.
            command: the Terraform command that the configuration is read for.
            outputs: by unit key and dependency name, the expression of the dependency's outputs.
            check: evaluate the locals that nothing wanted uses too, for the faults in them.

        Raises:
            StrataError: an expression or a function fails, an include cannot be read, something is unknown.
        """
        step = self._settled(units, wanted, command, outputs or {}, check=check)
        included = {part.key for unit in units for part in unit.parts()} - {unit.key for unit in units}
        own = {key: definition for key, definition in step.locals.items() if key[0] not in included}
        asked = sorted({definition.name for definition in (*step.leaves.values(), *own.values())})
        order = [name for name in asked if name not in step.known]
        # An included file's locals are not shown, but a fault in one must come out.
        others = {definition.name for definition in step.locals.values()} - set(asked) - set(step.known)
        checked = sorted(others)
        values = step.known | self.console.evaluate(
            closure(step.program.definitions, [*order, *checked]), order, step.program.failures, checked
        )
        found: dict[str, dict[int, Any]] = {}
        for (scope_key, leaf_id), definition in step.leaves.items():
            found.setdefault(scope_key, {})[leaf_id] = values[definition.name]
        found_locals: dict[str, dict[str, Any]] = {}
        for (scope_key, name), definition in own.items():
            found_locals.setdefault(scope_key, {})[name] = values[definition.name]
        return Values(found, found_locals)

    def translate(
        self,
        units: Sequence[Scope],
        wanted: Wanted,
        *,
        command: str,
        outputs: Mapping[str, Mapping[str, str | StrataError | None]],
    ) -> tuple[Program, dict[tuple[str, int], Definition]]:
        """As `evaluate`, but not evaluated: the program, and its definitions of the leaves by scope and leaf.

        Raises:
            StrataError: as `evaluate`, or a function's answer depends on an output, which may not be known.
        """
        step = self._settled(units, wanted, command, outputs, known=False)
        return step.program, step.leaves

    def _settled(
        self,
        units: Sequence[Scope],
        wanted: Wanted,
        command: str,
        outputs: Mapping[str, Mapping[str, str | StrataError | None]],
        *,
        known: bool = True,
        check: bool = True,
    ) -> _Step:
        """Translate what is wanted, asking for what must be known before; `known` says that outputs are.

        With `check`, what is not wanted is translated too, for the faults in it.
        """
        calls = dict(self._calls)
        while True:
            program = Program(self._read_scope, self.environ, command, calls, self.commands, outputs)
            with self._lock:
                step = self._translate(units, wanted, program, check)
            needing = next((probe for probe in step.probes if probe.outputs), None)
            if needing is not None and not known:
                place = program.definitions[needing.name]
                raise StrataError(
                    "a function's answer depends on an output, which is not known before it is applied",
                    file=place.path,
                    line=place.line,
                    remedy="pass the output on as it is, or plan the unit alone",
                )
            asked = [*(probe.name for probe in step.probes), *(name for _, _, name in step.includes)]
            if not asked:
                break
            needed = closure(step.program.definitions, asked)
            answers = self.console.evaluate(needed, asked, step.program.failures)
            for probe in step.probes:
                calls[probe.key] = sorted(set(answers[probe.name]))
                if not probe.outputs:
                    self._calls[probe.key] = calls[probe.key]
            for scope, leaf, name in step.includes:
                self._include_values[scope.key, id(leaf)] = answers[name]
        definitions = [*step.leaves.values(), *step.locals.values()]
        stuck = next((item for item in definitions if item.pending), None)
        if stuck is not None:
            raise StrataError(
                "this value depends on itself through a function", file=stuck.path, line=stuck.line
            )
        return step

    def _translate(self, units: Sequence[Scope], wanted: Wanted, program: Program, check: bool) -> _Step:
        """Translate all that can be now; what is found to be missing has to be asked first."""
        includes = [item for unit in units if not unit.opened for item in self._open(unit, program)]
        opened = [unit for unit in units if unit.opened]
        leaves_ = {(scope.key, id(leaf)): (scope, leaf) for unit in opened for scope, leaf in wanted(unit)}
        locals_ = {
            (scope.key, name): (scope, attribute)
            for unit in (opened if check else ())
            for scope in unit.parts()
            for name, attribute in scope.locals.items()
        }
        step = _Step(
            program,
            {key: program.leaf(scope, leaf) for key, (scope, leaf) in leaves_.items()},
            {key: program.local(scope, attribute) for key, (scope, attribute) in locals_.items()},
            includes,
            {},
        )
        for key, (scope, leaf) in leaves_.items():
            _note(step.known, step.leaves[key], program, scope, leaf.value)
        for name, (scope, attribute) in locals_.items():
            _note(step.known, step.locals[name], program, scope, attribute.value)
        for unit in opened if check else ():
            self._touch(unit, program)
        # What needs outputs can be asked only when they are known.
        step.probes.extend(probe for probe in program.probes.values() if program.outputs or not probe.outputs)
        if len(opened) < len(units) and not includes and not step.probes:
            file = next(unit.file.path for unit in units if not unit.opened)
            raise StrataError("the path of an `include` depends on itself through a function", file=file)
        return step

    def _touch(self, unit: Scope, program: Program) -> None:
        """Translate what is not wanted now too: its unknown names come out, its probes go along."""
        for scope in unit.parts():
            for leaf in leaves(scope.tree):
                program.leaf(scope, leaf)

    def _file(self, path: Path) -> Configuration:
        if path not in self._files:
            try:
                self._files[path] = parse(path)
            except HclSyntaxError as fault:
                # HCL's own parser knows better where and what.
                found = self.console.syntax_error(fault.text)
                line, message = found or (fault.line, fault.message.removeprefix("syntax error: "))
                raise StrataError(
                    f"syntax error: {message}", file=path, line=line, remedy="correct the HCL on this line"
                ) from None
        return self._files[path]

    def _read_scope(self, path: Path, reader: Scope) -> Scope:
        """The scope of a file that `read_terragrunt_config` reads; shared where no reader changes it."""
        file = self._file(path)
        shared = _READER_DEPENDENT.search(file.text) is None
        key = (path, None if shared else reader.original)
        if key not in self._read:
            scope = Scope(f"r{len(self._read)}", file, path, reader.original, self.root)
            self._read[key] = scope
            program = Program(self._read_scope, self.environ, "", {}, self.commands)
            missing = next(self._open(scope, program), None)
            if missing is not None:
                raise StrataError(
                    "a file that `read_terragrunt_config` reads must include by paths without HCL functions",
                    file=path,
                    line=missing[1].line,
                )
        return self._read[key]

    def _open(self, unit: Scope, program: Program) -> Iterator[tuple[Scope, Leaf, str]]:
        """Find the unit's includes; yields what must be evaluated before that can be done."""
        found: list[Include] = []
        complete = True
        for name, block in includes_of(unit.file):
            values: dict[str, Any] = {}
            for attribute in block.body.attributes.values():
                leaf = self._include_leaf(unit, name, attribute.name, block)
                try:
                    values[attribute.name] = self._include_value(unit, leaf, program)
                except NotConstantError:
                    complete = False
                    definition = program.leaf(unit, leaf)
                    if not definition.pending:
                        yield unit, leaf, definition.name
            if complete:
                found.append(self._include(unit, len(found), name, block, values))
        if complete:
            unit.includes = found
            unit.opened = True

    def _include_leaf(self, unit: Scope, name: str, attribute: str, block: ConfigBlock) -> Leaf:
        key = (unit.key, name, attribute)
        if key not in self._include_leaves:
            found = block.body.attributes[attribute]
            self._include_leaves[key] = Leaf(found.value, _INCLUDE_KINDS[attribute], attribute, found.line)
            for reference in found.value.references():
                raise StrataError(
                    f"an include is evaluated first and cannot use `{reference.root}`",
                    file=unit.file.path,
                    line=reference.line,
                )
        return self._include_leaves[key]

    def _include_value(self, unit: Scope, leaf: Leaf, program: Program) -> Any:
        key = (unit.key, id(leaf))
        if key not in self._include_values:
            self._include_values[key] = program.statics.value(leaf.value, unit)
        return self._include_values[key]

    def _include(
        self, unit: Scope, index: int, name: str, block: ConfigBlock, values: Mapping[str, Any]
    ) -> Include:
        given = values.get("merge_strategy")
        strategy = "shallow" if given is None else given
        here = block.line
        if strategy not in STRATEGIES:
            raise StrataError(
                f"unknown merge strategy `{strategy}`",
                file=unit.file.path,
                line=here,
                remedy=f"use one of {', '.join(STRATEGIES)}",
            )
        path = Path(os.path.normpath(unit.directory / str(values["path"])))
        if not path.is_file():
            raise StrataError(f"the included file {path} does not exist", file=unit.file.path, line=here)
        file = self._file(path)
        nested = next((inner for inner in file.body.blocks if inner.type == "include"), None)
        if nested is not None:
            raise StrataError("an included file cannot include another", file=path, line=nested.line)
        scope = Scope(
            f"{unit.key}i{index}",
            file,
            unit.config_path,
            unit.original,
            self.root,
            include_path=path,
            owner=unit if unit.is_unit else None,
            opened=True,
        )
        return Include(name, scope, strategy, values.get("expose") in (True, "true"))


def _note(
    known: dict[str, Any], definition: Definition, program: Program, scope: Scope, value: CutExpression
) -> None:
    """Add the definition's value if it needs no Terraform; a fault in it comes out where others do."""
    with contextlib.suppress(NotConstantError, StrataError):
        known[definition.name] = program.statics.value(value, scope)
