"""Corrects moto's reading of the Amazon States Language; imported only when it is needed.

What moto does otherwise than AWS, and what is done here:
- its preprocessor keeps the query language of a definition that it refused, and refuses every later one;
- some texts keep their backslashes;
- a path through one element of a list, such as `$.a[0].b`, gives a list of one;
- JSONata has no evaluator, and a variable's path is taken for JSONata;
- an expression that fails is told by the class that holds it, not by its field;
- of two threads that come to a state first, one counts its retries anew.
"""

from __future__ import annotations

import copy
import json
import threading
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jsonpath_ng.ext.parser import parse
from jsonpath_ng.jsonpath import Child, Fields, Index, Root, This
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces
from strata.cloud.aws.stepfunctions import jsonata

parse_path = lru_cache(maxsize=1024)(parse)


class Language(Service):
    """Paths and expressions of the States Language."""

    def __init__(self) -> None:
        super().__init__()
        self._place = threading.local()

    def start(self) -> None:
        """Correct the language."""
        super().start()
        for name in moto.path_readers():
            self.set(name, extract)
        self.set(moto.HEAP_KEY, property(_heap_key))

    @replaces(moto.NEW_PREPROCESSOR)
    def new_preprocessor(self, preprocessor: Any) -> None:
        moto.forget_query_language(preprocessor)

    @replaces(moto.TEXT_OF)
    def text_of(self, parser_rule_context: Any) -> Any:
        text = parser_rule_context.getText()
        return json.loads(text) if text == "null" or text.startswith('"') else text

    @replaces(moto.EVAL_JSONATA)
    def eval_jsonata(self, component: Any, env: Any) -> None:
        try:
            value = jsonata.evaluate(component.expression, _variables(env))
        except jsonata.JsonataError as error:
            place = "/".join(self._places()) or env.next_field_name
            raise _failed(env, component.expression, place, str(error)) from None
        env.stack.append(value)

    @replaces(*moto.EXPRESSION_FIELDS, wraps=True)
    def eval_field(self, evaluate: Callable[..., None], component: Any, env: Any) -> None:
        self._within(moto.field_of(component), evaluate, component, env)

    @replaces(*moto.TEMPLATE_MEMBERS, wraps=True)
    def eval_member(self, evaluate: Callable[..., None], component: Any, env: Any) -> None:
        self._within(component.identifier, evaluate, component, env)

    def _within(self, name: str, evaluate: Callable[..., None], component: Any, env: Any) -> None:
        self._places().append(name)
        try:
            evaluate(component, env)
        finally:
            self._places().pop()

    def _places(self) -> list[str]:
        """Return the names of the field and its members that this thread evaluates."""
        if not hasattr(self._place, "names"):
            self._place.names = []
        names: list[str] = self._place.names
        return names

    @replaces(moto.EVAL_VARIABLE)
    def eval_variable(self, component: Any, env: Any) -> None:
        if component.query_language_mode == QueryLanguageMode.JSONata:
            self.eval_jsonata(component, env)
            return
        name, path = moto.split_variable(component.expression)
        value = env.variable_store.get(name)
        env.stack.append(copy.deepcopy(value if not path else extract(f"${path}", value)))


def extract(path: str, data: Any) -> Any:
    """Return what a JSONPath of AWS finds.

    A path that can find only one value gives that value; any other gives a list, which may be empty.

    Raises:
        NoSuchJsonPathError: the value does not exist.
    """
    expression = parse_path(path)
    found = [match.value for match in expression.find(data)]
    if _is_definite(expression):
        if not found:
            raise NoSuchJsonPathError(json_path=path, data=data)
        return found[0]
    # AWS takes the element of a list of one that a path ends with, whatever comes before.
    if isinstance(expression, Child) and _is_element(expression.right) and len(found) == 1:
        return found[0]
    return found


def _is_definite(expression: Any) -> bool:
    if isinstance(expression, Child):
        return _is_definite(expression.left) and _is_definite(expression.right)
    if isinstance(expression, Fields):
        return len(expression.fields) == 1 and expression.fields != ("*",)
    return isinstance(expression, Root | This) or _is_element(expression)


def _is_element(expression: Any) -> bool:
    return isinstance(expression, Index) and len(expression.indices) == 1


def _heap_key(component: Any) -> str:
    """Return what a component's counts of an execution are kept by, the same in every thread."""
    key: str = vars(component).setdefault("_strata_heap_key", uuid.uuid4().hex)
    return key


def _variables(env: Any) -> dict[str, Any]:
    # Through JSON: boto3 puts datetimes into a task's result.
    states = json.loads(to_json_str(moto.states_data(env.states)))
    return {**moto.assigned(env.variable_store), "states": states}


def _failed(env: Any, expression: str, place: str | None, reason: str) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    field = f" specified for the field '{place}'" if place else ""
    cause = f"The JSONata expression '{expression}'{field} {reason}"
    details: Any = {"evaluationFailedEventDetails": {"error": name.error_name, "cause": cause}}
    kind = HistoryEventType.EvaluationFailed
    # Made first: its cause names the event that came last, which is the one that entered the state.
    failure = FailureEvent(env=env, error_name=name, event_type=kind, event_details=details)
    env.event_manager.add_event(context=env.event_history_context, event_type=kind, event_details=details)
    return FailureEventException(failure)
