"""How far an execution has come, so that a redrive goes on from there; moto forgets where a machine failed.

Each program of an execution (the machine, a branch of a Parallel state, an iteration of an inline Map) has a
place: the state it is in, what this was entered with, and the places inside it. A redriven execution begins
in a copy of its place. What the history holds already is not told again: the next event of a state follows
the event that entered it, as AWS was recorded to do; only a Fail state's follows `ExecutionRedriven`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces

# Events that open a state, or what it holds.
_ENTERED, _STARTED, _ITERATION = "StateEntered", "StateStarted", "MapIterationStarted"


@dataclass
class Place:
    """Where a program is.

    `opened` has the ids of the events that opened the state or iteration, by their type; `told` those that
    the history of a redriven execution still holds. `map_run` is the state's latest Map Run, and
    `left_from` the event that the exit of its state follows, if it is not the last one.
    """

    name: str = ""
    input: Any = None
    variables: dict[str, Any] = field(default_factory=dict)
    entered: str = ""
    opened: dict[str, int] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    inner: dict[int, Place] = field(default_factory=dict)
    map_run: Any = None
    left_from: int = 0
    resumes: bool = False
    ended: bool = False
    output: Any = None

    def inside(self, index: int) -> Place:
        """Return the place of a branch or iteration."""
        return self.inner.setdefault(index, Place())

    def enter(self, name: str, given: Any, variables: dict[str, Any]) -> None:
        """Note that a state is entered."""
        self.name, self.input, self.variables, self.entered = name, given, dict(variables), ""
        self.opened = {kind: at for kind, at in self.opened.items() if kind == _ITERATION}
        self.inner, self.map_run, self.left_from = {}, None, 0

    def resumed(self, *, anew: bool = False) -> Place:
        """Return a place from which the program goes on.

        Args:
            anew: the state begins again with all that it holds.
        """
        if self.ended:
            return Place(ended=True, output=self.output)
        told = {kind: at for kind, at in self.opened.items() if not (anew and kind.endswith(_STARTED))}
        return Place(
            name=self.name,
            input=copy.deepcopy(self.input),
            variables=copy.deepcopy(self.variables),
            entered=self.entered,
            opened=dict(told),
            told=told,
            inner={} if anew else {index: place.resumed() for index, place in list(self.inner.items())},
            map_run=None if anew else self.map_run,
            resumes=bool(self.name),
        )


def place_of(holder: Any) -> Place:
    """Return the place of moto's environment, or of its history context."""
    found: Place = vars(holder).setdefault("place", Place())
    return found


def put_at(environment: Any, place: Place) -> None:
    """Let an environment evaluate at a place."""
    environment.place = environment.event_history_context.place = place


class Progress(Service):
    """moto's programs, each with its place."""

    @replaces(moto.NEW_ENVIRONMENT, wraps=True)
    def new_environment(self, make: Callable[..., Any], worker: Any) -> Any:
        environment = make(worker)
        put_at(environment, Place())
        return environment

    @replaces(*moto.OPEN_FRAMES, wraps=True)
    def open_frame(self, open_frame: Callable[..., Any], env: Any, *given: Any, **named: Any) -> Any:
        frame = open_frame(env, *given, **named)
        put_at(frame, place_of(env))
        return frame

    @replaces(moto.RUN_PROGRAM, wraps=True)
    def run_program(self, run: Callable[..., None], program: Any, env: Any) -> None:
        if (branch := moto.branch_of(program)) is not None:
            put_at(env, place_of(env).inside(branch))
        place = place_of(env)
        if place.ended:
            env.states.reset(place.output)
            moto.end(env)
            return
        run(program, env)
        if isinstance(env.program_state(), ProgramEnded):
            place.ended, place.output = True, env.states.get_input()

    @replaces(moto.PROGRAM_STATES, wraps=True)
    def run_states(self, run: Callable[..., None], program: Any, env: Any) -> None:
        if place_of(env).resumes:
            env.next_state_name = place_of(env).name
        run(program, env)

    @replaces(moto.RUN_ITERATION, wraps=True)
    def run_iteration(self, run: Callable[..., None], worker: Any, env: Any, job: Any) -> None:
        place = place_of(env).inside(job.job_index)
        put_at(env, place)
        if place.ended:
            job.job_output = place.output
        else:
            run(worker, env=env, job=job)

    @replaces(moto.ENTER_STATE, wraps=True)
    def enter_state(self, enter: Callable[..., None], state: Any, env: Any) -> None:
        place = place_of(env)
        if place.resumes:
            place.resumes = False
            env.states.reset(place.input)
            moto.set_own_variables(env, place.variables)
        else:
            place.enter(state.name, env.states.get_input(), moto.own_variables(env))
        enter(state, env)

    @replaces(moto.STATE_INPUT, wraps=True)
    def state_input(self, evaluate: Callable[..., None], state: Any, env: Any) -> None:
        """Keep `$$.State.EnteredTime`, which is older than the redrive."""
        place, data = place_of(env), env.states.context_object.context_object_data["State"]
        place.entered = data["EnteredTime"] = place.entered or data["EnteredTime"]
        evaluate(state, env)

    @replaces(moto.ADD_EVENT, wraps=True)
    def add_event(
        self, add: Callable[..., int], manager: Any, context: Any, event_type: Any, *given: Any, **named: Any
    ) -> int:
        kind = event_type.value
        place = place_of(context)
        if kind == "MapStateSucceeded" and place.left_from:
            number = add(manager, context, event_type, *given, **named)
            context.source_event_id = context.last_published_event_id = place.left_from
            return number
        if not kind.endswith((_ENTERED, _STARTED)) and kind != _ITERATION:
            return add(manager, context, event_type, *given, **named)
        if (known := place.told.pop(kind, None)) is not None:
            if kind != "FailStateEntered":
                context.source_event_id = context.last_published_event_id = known
            return known
        if kind.endswith(_STARTED):  # the first one, or another try
            place.inner, place.map_run = {}, None
        place.opened[kind] = add(manager, context, event_type, *given, **named)
        return place.opened[kind]
