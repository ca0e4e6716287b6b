"""JSONata as Step Functions evaluates it; imported only when an expression is checked or evaluated.

Rules: Step Functions Developer Guide, "Transforming data with JSONata in Step Functions": its six functions
are there, `$eval` is not, and nothing is the input of an expression but its variables.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Mapping
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata

_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class JsonataError(ValueError):
    """The expression has no value that a state can use; the message says why, in JSONata's words."""


def check(expression: str) -> None:
    """Check the syntax of an expression.

    Raises:
        JsonataError: it has none.
    """
    try:
        Jsonata(expression)
    except Exception as error:  # the parser's own class, and what it trips over
        raise JsonataError(_reason(error)) from None


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """Return an expression's value.

    Args:
        expression: without `{%` and `%}`.
        variables: by name, without `$`.

    Raises:
        JsonataError: it is undefined, a function, or cannot be evaluated.
    """
    result = _run(expression, variables)
    if result is None and not _run(f"$exists(({expression}))", variables):
        raise JsonataError("returned nothing (undefined).")
    try:
        # The library's lists and numbers are subclasses of Python's.
        return json.loads(json.dumps(result, allow_nan=False))
    except (TypeError, ValueError):
        raise JsonataError("returned an unsupported result type.") from None


def _run(expression: str, variables: Mapping[str, Any]) -> Any:
    try:
        program = Jsonata(expression)
        for name, function in _FUNCTIONS.items():
            program.register_lambda(name, function)
        for name, value in variables.items():
            program.assign(name, value)
        return program.evaluate(None)
    except JsonataError:
        raise
    except Exception as error:  # the library's own class, and what it trips over
        raise JsonataError(f"threw an error during evaluation. {_reason(error)}") from None


def _reason(error: Exception) -> str:
    code = error.error if isinstance(error, JException) else type(error).__name__
    return f"{code}: {error}"


def _partition(array: Any, size: Any) -> list[Any]:
    if not isinstance(size, int | float) or int(size) < 1:
        raise JsonataError("threw an error during evaluation. The size of a partition must be positive")
    items = array if isinstance(array, list) else [array]
    return [list(items[at : at + int(size)]) for at in range(0, len(items), int(size))]


def _range(first: Any, last: Any, step: Any) -> Any:
    if not step:
        raise JsonataError("threw an error during evaluation. The step of a range must not be zero")
    found = []
    while (first <= last) if step > 0 else (first >= last):
        found.append(first)
        first += step
    # A sequence of one is its only member, as everywhere in JSONata.
    return found[0] if len(found) == 1 else found


def _hash(value: Any, algorithm: Any) -> str:
    if algorithm not in _ALGORITHMS:
        raise JsonataError(f"threw an error during evaluation. The hash algorithm {algorithm} is unknown")
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return hashlib.new(_ALGORITHMS[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(*seed: Any) -> float:
    return random.Random(*seed[:1]).random()


def _parse(text: Any) -> Any:
    return json.loads(text)


def _eval(*_: Any) -> Any:
    raise JsonataError("threw an error during evaluation. Step Functions has no function $eval")


_FUNCTIONS = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
    "parse": _parse,
    "eval": _eval,
}
