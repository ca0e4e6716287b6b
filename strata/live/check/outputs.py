"""The types of a module's outputs, as far as its text shows them.

Terraform knows them only once it has planned. What an output is made of says enough: literals, `for`
expressions, functions, variables with their declared types, and attributes that are strings in every
provider. What is not known is `any`, and any mock is of that type.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from strata.hcl.nodes import Node
from strata.hcl.types import Collection, Field, Object, Primitive, Tuple, Type
from strata.hcl.values import elements
from strata.modules.interface import Module

ANY = Primitive("any")
STRING, NUMBER, BOOL = Primitive("string"), Primitive("number"), Primitive("bool")


def _words(text: str) -> list[str]:
    return text.split()


# Attributes of resources that are strings wherever the AWS and Snowflake providers have them.
_STRING_ATTRIBUTES = frozenset(
    _words(
        """
        arn id name bucket url endpoint function_name key_id hex_id qualified_arn invoke_arn external_id
        iam_user_arn fully_qualified_name
        """
    )
)
_TEXT = _words(
    """
    format join lower upper replace trim trimprefix trimsuffix trimspace substr title jsonencode yamlencode
    basename dirname base64encode base64decode md5 sha1 sha256 sha512 file filesha256 templatefile tostring
    """
)
_FUNCTIONS: Mapping[str, Type] = (
    dict.fromkeys(_TEXT, STRING)
    | dict.fromkeys(_words("length abs ceil floor max min parseint sum tonumber"), NUMBER)
    | dict.fromkeys(_words("contains can alltrue anytrue startswith endswith strcontains tobool"), BOOL)
    | dict.fromkeys(_words("keys split"), Collection("list", STRING))
    | dict.fromkeys(_words("concat sort distinct flatten compact tolist values"), Collection("list", ANY))
    | dict.fromkeys(_words("tomap merge zipmap"), Collection("map", ANY))
    | {"toset": Collection("set", ANY)}
)


@cache
def output_types(module: Module) -> dict[str, Type]:
    """The type of each output by its name."""
    reader = _Reader(module)
    return {
        block.labels[0]: reader.type_of(block.attributes["value"].node)
        for _, block in module.blocks("output")
        if "value" in block.attributes
    }


class _Reader:
    def __init__(self, module: Module) -> None:
        self._variables = module.variables
        self._nested = module.nested
        self._locals = {
            name: expression.node
            for _, block in module.blocks("locals")
            for name, expression in block.attributes.items()
        }
        self._open: set[str] = set()

    def type_of(self, node: Node) -> Type:
        children = node.children
        match node.type:
            case "string_lit" | "quoted_template" | "heredoc_template":
                return STRING
            case "numeric_lit":
                return NUMBER
            case "bool_lit":
                return BOOL
            case "tuple":
                return Tuple(tuple(self.type_of(c) for c in children if c.type == "expression"))
            case "object":
                return self._object(node)
            case "for_tuple_expr":
                return Collection("list", self._last(children))
            case "for_object_expr":
                return Collection("map", self._last(children))
            case "conditional":
                yes, no = self.type_of(children[2]), self.type_of(children[4])
                return yes if yes == no else ANY
            case "function_call":
                return _FUNCTIONS.get(children[0].text, ANY)
        if node.type == "expression" and children[0].type == "(":
            return self.type_of(children[1])
        if node.type == "expression" and children[0].type == "variable_expr":
            return self._reference(children)
        return self.type_of(children[0]) if len(children) == 1 else ANY

    def _object(self, node: Node) -> Type:
        fields: dict[str, Field] = {}
        for key, _, value in elements(node):
            if key is None:
                return Collection("map", ANY)
            fields[key] = Field(self.type_of(value))
        return Object(fields)

    def _last(self, children: list[Node]) -> Type:
        found = [child for child in children if child.type == "expression"]
        return self.type_of(found[-1]) if found else ANY

    def _reference(self, children: list[Node]) -> Type:
        root = children[0].text
        steps = [child.children[-1].text for child in children[1:] if child.type == "get_attr"]
        plain = all(child.type == "get_attr" for child in children[1:])
        if root == "local" and len(steps) == 1 and plain and steps[0] in self._locals:
            return self._local(steps[0])
        if root == "var" and steps and plain and steps[0] in self._variables:
            found: Type = self._variables[steps[0]].type or ANY
            for step in steps[1:]:
                found = found.fields[step].type if isinstance(found, Object) and step in found.fields else ANY
            return found
        if root == "module" and len(steps) == 2 and plain and steps[0] in self._nested:
            return output_types(self._nested[steps[0]]).get(steps[1], ANY)
        if any(child.type == "splat" for child in children):
            return ANY
        last = children[-1]
        if last.type == "get_attr" and last.children[-1].text in _STRING_ATTRIBUTES:
            return STRING
        return ANY

    def _local(self, name: str) -> Type:
        if name in self._open:
            return ANY
        self._open.add(name)
        try:
            return self.type_of(self._locals[name])
        finally:
            self._open.discard(name)
