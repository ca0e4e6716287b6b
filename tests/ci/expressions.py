"""GitHub's expressions, as far as the workflows use them; anything else fails the test."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<op>&&|\|\||==|!=|!|\(|\)|\[|\]|,|\.)|(?P<name>[A-Za-z_*][\w-]*|\*))"
)


class _Wild(list[Any]):
    """What `needs.*` gives: the next step maps over it."""


class Evaluator:
    """Evaluates `${{ }}` in one job's contexts.

    Args:
        contexts: github, needs, matrix and the like.
        status: answers success(), failure(), cancelled() and always().
        hash_files: answers hashFiles().
    """

    def __init__(
        self, contexts: Mapping[str, Any], status: Mapping[str, bool], hash_files: Callable[..., str]
    ) -> None:
        self._contexts = contexts
        self._functions: dict[str, Callable[..., Any]] = {
            "fromjson": json.loads,
            "format": lambda text, *values: re.sub(r"\{(\d+)\}", lambda m: _text(values[int(m[1])]), text),
            "contains": lambda box, item: item in box,
            "hashfiles": hash_files,
            **{name: (lambda value=value: value) for name, value in status.items()},
        }

    def text(self, template: Any) -> str:
        """Fill a string's expressions in."""
        return re.sub(r"\$\{\{(.*?)\}\}", lambda m: _text(self.value(m[1])), _text(template), flags=re.S)

    def any(self, template: Any) -> Any:
        """The value of a string that is one expression whole, else its text."""
        whole = re.fullmatch(r"\s*\$\{\{(.*?)\}\}\s*", str(template), flags=re.S)
        return self.value(whole[1]) if whole else self.text(template)

    def condition(self, template: str | bool | None) -> bool:
        """An `if`: without a status function of its own, success() is part of it."""
        if template is None:
            return bool(self._functions["success"]())
        bare = str(template).strip()
        bare = bare.removeprefix("${{").removesuffix("}}")
        holds = bool(self.value(bare))
        if not re.search(r"\b(success|failure|cancelled|always)\(", bare):
            holds = holds and bool(self._functions["success"]())
        return holds

    def value(self, expression: str) -> Any:
        """The value of one expression."""
        tokens: list[tuple[str, str]] = []
        at, text = 0, expression.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            assert found, f"unknown expression: {text[at:]!r} in {expression!r}"
            tokens.append((str(found.lastgroup), found[found.lastgroup or 0]))
            at = found.end()
        parser = _Parser(tokens, self._contexts, self._functions)
        value = parser.either()
        assert parser.at == len(tokens), f"not understood: {expression!r}"
        return value


class _Parser:
    def __init__(
        self,
        tokens: list[tuple[str, str]],
        contexts: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]],
    ) -> None:
        self.tokens, self.contexts, self.functions, self.at = tokens, contexts, functions, 0

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        word = self.peek()
        assert expected is None or word == expected, f"{expected} expected, not {word}"
        self.at += 1
        return word

    def either(self) -> Any:
        left = self.both()
        while self.peek() == "||":
            self.take()
            right = self.both()
            left = left or right
        return left

    def both(self) -> Any:
        left = self.equal()
        while self.peek() == "&&":
            self.take()
            right = self.equal()
            left = left and right
        return left

    def equal(self) -> Any:
        left = self.unary()
        while self.peek() in ("==", "!="):
            same = self.take() == "=="
            right = self.unary()
            left = (left == right) is same
        return left

    def unary(self) -> Any:
        if self.peek() == "!":
            self.take()
            return not self.unary()
        return self.access()

    def access(self) -> Any:
        value = self.primary()
        while self.peek() in (".", "["):
            if self.take() == ".":
                name = self.take()
                value = self.member(value, name)
            else:
                value = self.member(value, self.either())
                self.take("]")
        return value

    def member(self, value: Any, name: Any) -> Any:
        if name == "*":
            return _Wild(value.values() if isinstance(value, Mapping) else value)
        if isinstance(value, _Wild):
            return [self.member(item, name) for item in value]
        if value is None or value == "":
            return ""
        assert isinstance(value, Mapping), f"{name} of {value!r}"
        return value.get(name, "")

    def primary(self) -> Any:
        kind, word = self.tokens[self.at]
        if kind == "string":
            self.take()
            return word[1:-1].replace("''", "'")
        if kind == "number":
            self.take()
            return float(word)
        if word == "(":
            self.take()
            value = self.either()
            self.take(")")
            return value
        self.take()
        if self.peek() == "(":
            self.take()
            arguments = []
            while self.peek() != ")":
                arguments.append(self.either())
                if self.peek() == ",":
                    self.take()
            self.take(")")
            assert word.lower() in self.functions, f"unknown function {word}"
            return self.functions[word.lower()](*arguments)
        if word in ("true", "false"):
            return word == "true"
        assert word in self.contexts, f"unknown context {word}"
        return self.contexts[word]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)
