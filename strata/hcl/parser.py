"""Forms the syntax tree of a text, by the grammar of HCL's native syntax.

What Terraform refuses is refused; the grammar is that of
https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md, and `tests/hcl` compares with Terraform itself.
The tree's shape:

- body: attribute [identifier, =, expression] and block [identifier, labels, {, body, }];
- expression: one term and each `get_attr`, `index` or `splat` after it, or one `operation` or `conditional`;
- term: `string_lit`, `numeric_lit`, `bool_lit`, `null_lit`, `variable_expr`, `function_call`, `tuple`,
  `object`, `for_tuple_expr`, `for_object_expr`, `quoted_template`, `heredoc_template`, or an expression
  between parentheses.
"""

from __future__ import annotations

import re

from strata.hcl.cursor import Cursor, HclSyntaxError
from strata.hcl.nodes import Node, Source
from strata.hcl.tokens import scan

_STRENGTHS = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!="), 3),
    **dict.fromkeys((">", "<", ">=", "<="), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "%"), 6),
}
_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_KEYWORDS = {"true": "bool_lit", "false": "bool_lit", "null": "null_lit"}


def parse_body(source: Source) -> tuple[Node, list[Node]]:
    """The tree of a whole text, and its comments.

    Raises:
        HclSyntaxError: it is not HCL.
    """
    scanned = scan(source.text)
    body = _Parser(source, scanned.tokens).body("end of file")
    return body, [Node("comment", source, start, end, []) for _, start, end, _ in scanned.comments]


class _Parser(Cursor):
    # -- bodies ----------------------------------------------------------------------------------------------

    def body(self, end: str) -> Node:
        """The content of a file, or of a block whose opening brace has been read."""
        self.deeper()
        start = self.peek().start
        items: list[Node] = []
        names: set[str] = set()
        while (token := self.peek()).kind != end:
            if token.kind == "newline":
                self.next()
                continue
            if token.kind != "name":
                raise self.fault("an argument or a block was expected")
            item = self.item()
            if item.type == "attribute":
                name = item.children[0].text
                if name in names:
                    raise HclSyntaxError(f"`{name}` is set twice in one block", self.source, item.start)
                names.add(name)
            items.append(item)
            if self.peek().kind not in ("newline", "end of file"):
                raise self.fault("a new line was expected")
        self.depth -= 1
        return Node("body", self.source, start, self.peek().start, items)

    def item(self, *, alone: bool = False) -> Node:
        """An attribute or a block; where it stands `alone` between the braces of one line, an attribute."""
        name = self.leaf("identifier")
        token = self.peek()
        if token.kind == "=":
            return self.node("attribute", [name, self.leaf(), self.expression()])
        if alone or token.kind not in ("name", "quote", "{"):
            raise self.fault("an equals sign was expected")
        parts = [name]
        while (token := self.peek()).kind != "{":
            if token.kind == "name":
                parts.append(self.leaf("identifier"))
            elif token.kind == "quote":
                label = self.template()[0]
                if label.type != "string_lit":
                    raise HclSyntaxError("a label holds no template", self.source, token.start)
                parts.append(label)
            else:
                raise self.fault("a label or an opening brace was expected")
        parts.append(self.leaf("block_start"))
        if self.peek().kind in ("newline", "}", "end of file"):
            parts.append(self.body("}"))
        else:
            if self.peek().kind != "name":
                raise self.fault("an argument was expected")
            only = self.item(alone=True)
            parts.append(Node("body", self.source, only.start, only.end, [only]))
        parts.append(
            self.expect("}", "the closing brace of a block with one argument on a line", "block_end")
        )
        return self.node("block", parts)

    # -- expressions -----------------------------------------------------------------------------------------

    def expression(self) -> Node:
        self.deeper()
        condition = self.operation(1)
        if self.peek().kind == "?":
            parts = [condition, self.leaf(), self.expression()]
            parts += [self.expect(":", "the colon of a conditional"), self.expression()]
            condition = self.node("expression", [self.node("conditional", parts)])
        self.depth -= 1
        return condition

    def operation(self, weakest: int) -> Node:
        """Operands joined by operators at least as strong as `weakest`."""
        left = self.operand()
        while (strength := _STRENGTHS.get(self.peek().kind, 0)) >= weakest:
            parts = [left]
            while _STRENGTHS.get(self.peek().kind) == strength:
                parts += [self.leaf(), self.operation(strength + 1)]
            left = self.node("expression", [self.node("operation", parts)])
        return left

    def operand(self) -> Node:
        parts = self.term()
        while (kind := self.peek().kind) in (".", "["):
            parts.append(self.attribute_of() if kind == "." else self.index_of())
            if parts[-1].type == "splat" and kind == ".":
                self.after_splat(parts)
        return self.node("expression", parts)

    def attribute_of(self) -> Node:
        dot = self.leaf()
        token = self.peek()
        if token.kind == "name":
            return self.node("get_attr", [dot, self.leaf("identifier")])
        if token.kind == "*":
            return self.node("splat", [dot, self.leaf()])
        if token.kind == "number":
            if "." in self.word(token):
                raise HclSyntaxError("two numbers after dots are written as [n][n]", self.source, token.start)
            return self.node("index", [dot, self.number()])
        raise self.fault("a name was expected after the dot")

    def after_splat(self, parts: list[Node]) -> None:
        """Names and numbers may follow `.*`, before anything else does, but not another one."""
        while self.peek().kind == ".":
            step = self.attribute_of()
            if step.type == "splat":
                raise HclSyntaxError("`.*` stands inside another one", self.source, step.start)
            parts.append(step)

    def index_of(self) -> Node:
        opened = self.leaf()
        if self.peek().kind == "*":
            return self.node("splat", [opened, self.leaf(), self.expect("]", "a closing bracket")])
        before, self.newlines = self.newlines, False
        parts = [opened, self.expression(), self.expect("]", "a closing bracket")]
        self.newlines = before
        return self.node("index", parts)

    def number(self) -> Node:
        token = self.peek()
        if not _NUMBER.fullmatch(self.word(token)):
            raise HclSyntaxError(f"`{self.word(token)}` is not a number", self.source, token.start)
        return self.leaf("numeric_lit")

    def term(self) -> list[Node]:
        token = self.peek()
        match token.kind:
            case "(":
                return self.bracketed(")")
            case "number":
                return [self.number()]
            case "name":
                return [self.named()]
            case "quote" | "heredoc":
                return self.template()
            case "-" | "!":
                self.deeper()
                parts = [self.leaf(), self.operand()]
                self.depth -= 1
                return [self.node("operation", parts)]
            case "[":
                return [self.tuple()]
            case "{":
                return [self.object()]
        raise self.fault("an expression was expected")

    def bracketed(self, close: str) -> list[Node]:
        before, self.newlines = self.newlines, False
        parts = [self.leaf(), self.expression(), self.expect(close, "a closing parenthesis")]
        self.newlines = before
        return parts

    def named(self) -> Node:
        name = self.leaf("identifier")
        if self.peek().kind in ("(", "::"):
            return self.call(name)
        return self.node(_KEYWORDS.get(name.text, "variable_expr"), [name])

    def call(self, name: Node) -> Node:
        names = [name]
        while self.peek().kind == "::":
            names += [self.leaf(), self.expect("name", "the name of a function", "identifier")]
        if len(names) > 1:
            name = self.node("identifier", names)
        opened = self.expect("(", "an opening parenthesis")
        before, self.newlines = self.newlines, False
        arguments: list[Node] = []
        while self.peek().kind != ")":
            arguments.append(self.expression())
            if self.peek().kind == "...":
                arguments.append(self.leaf("ellipsis"))
                break
            if self.peek().kind == ")":
                break
            arguments.append(self.expect(",", "a comma or a closing parenthesis"))
        closed = self.expect(")", "a closing parenthesis")
        self.newlines = before
        inner = [self.node("function_arguments", arguments)] if arguments else []
        return self.node("function_call", [name, opened, *inner, closed])

    def tuple(self) -> Node:
        before, self.newlines = self.newlines, False
        parts = [self.leaf("tuple_start")]
        if self.is_word("for"):
            found = self.for_expression(parts, "]")
        else:
            while self.peek().kind != "]":
                parts.append(self.expression())
                if self.peek().kind != "]":
                    parts.append(self.expect(",", "a comma or a closing bracket"))
            parts.append(self.leaf("tuple_end"))
            found = self.node("tuple", parts)
        self.newlines = before
        return found

    def object(self) -> Node:
        before, self.newlines = self.newlines, False
        parts = [self.leaf("object_start")]
        is_for = self.is_word("for")
        self.newlines = not is_for
        if is_for:
            found = self.for_expression(parts, "}")
        else:
            self.elements(parts)
            found = self.node("object", parts)
        self.newlines = before
        return found

    def elements(self, parts: list[Node]) -> None:
        while (token := self.peek()).kind != "}":
            if token.kind == "newline":
                self.next()
                continue
            key = self.expression()
            if self.peek().kind not in ("=", ":"):
                raise self.fault("an equals sign was expected after the key")
            parts.append(self.node("object_elem", [key, self.leaf(), self.expression()]))
            if self.peek().kind == ",":
                parts.append(self.leaf())
            elif self.peek().kind not in ("newline", "}"):
                raise self.fault("a new line, a comma or a closing brace was expected")
        parts.append(self.leaf("object_end"))

    def for_expression(self, parts: list[Node], close: str) -> Node:
        """The rest of a for expression, whose opening bracket is in `parts`."""
        intro = self.for_intro()
        intro.append(self.expect(":", "the colon of a `for`"))
        parts += [self.node("for_intro", intro), self.expression()]
        if close == "}":
            parts += [self.expect("=>", "`=>`"), self.expression()]
            if self.peek().kind == "...":
                parts.append(self.leaf("ellipsis"))
        if self.is_word("if"):
            parts.append(self.node("for_cond", [self.leaf("if"), self.expression()]))
        parts.append(self.expect(close, "the end of a `for`"))
        return self.node("for_object_expr" if close == "}" else "for_tuple_expr", parts)

    def for_intro(self) -> list[Node]:
        parts = [self.leaf("for"), self.expect("name", "a name", "identifier")]
        if self.peek().kind == ",":
            parts += [self.leaf(), self.expect("name", "a name", "identifier")]
        if not self.is_word("in"):
            raise self.fault("`in` was expected")
        return [*parts, self.leaf("in"), self.expression()]

    # -- templates -------------------------------------------------------------------------------------------

    def template(self) -> list[Node]:
        """A quoted string or a heredoc."""
        opened = self.leaf()
        quoted = opened.type == "quote"
        end = "end quote" if quoted else "end heredoc"
        # The parts of what is open: the template itself, and each `%{ if }` and `%{ for }` in it.
        open_: list[list[Node]] = [[opened]]
        while self.peek().kind != end:
            token = self.peek()
            if token.kind == "text":
                open_[-1].append(self.leaf("template_literal"))
            elif token.kind != "template":
                raise self.fault("the end of a string was expected")
            elif self.word(token).startswith("$"):
                open_[-1].append(self.interpolation())
            else:
                self.directive(open_)
        if len(open_) > 1:
            raise HclSyntaxError("this directive of a template has no end", self.source, open_[-1][0].start)
        parts = [*open_[0], self.leaf()]
        if not quoted:
            return [self.node("heredoc_template", parts)]
        plain = all(part.type == "template_literal" for part in parts[1:-1])
        return [self.node("string_lit" if plain else "quoted_template", parts)]

    def interpolation(self) -> Node:
        before, self.newlines = self.newlines, False
        parts = [self.leaf("template_interpolation_start"), self.expression()]
        parts.append(
            self.expect("end template", "the closing brace of a template", "template_interpolation_end")
        )
        self.newlines = before
        return self.node("template_interpolation", parts)

    def directive(self, open_: list[list[Node]]) -> None:
        """A `%{ … }`: it opens a level of `open_`, goes on with it, or closes it."""
        before, self.newlines = self.newlines, False
        start = self.leaf("template_directive_start")
        token = self.peek()
        word = self.word(token) if token.kind == "name" else ""
        around = open_[-1][0].type
        match word:
            case "if":
                marker = [start, self.leaf("if"), self.expression()]
                kind = "template_if_intro"
            case "for":
                marker, kind = [start, *self.for_intro()], "template_for_start"
            case "else" if around == "template_if_intro" and not any(
                part.type == "template_else_intro" for part in open_[-1]
            ):
                marker, kind = [start, self.leaf("else")], "template_else_intro"
            case "endif" if around == "template_if_intro":
                marker, kind = [start, self.leaf("endif")], "template_if_end"
            case "endfor" if around == "template_for_start":
                marker, kind = [start, self.leaf("endfor")], "template_for_end"
            case _:
                raise self.fault("another directive of a template was expected")
        marker.append(
            self.expect("end template", "the closing brace of a template", "template_directive_end")
        )
        self.newlines = before
        made = self.node(kind, marker)
        if word in ("if", "for"):
            open_.append([made])
        else:
            open_[-1].append(made)
        if word in ("endif", "endfor"):
            whole = self.node("template_if" if word == "endif" else "template_for", open_.pop())
            open_[-1].append(self.node("template_directive", [whole]))
