"""Texts of HCL, right and wrong, written by chance: what decides where a string, a comment or a block ends."""

from __future__ import annotations

import random

from strata.hcl.tokens import scan

NAMES = ("a", "b_1", "c-d", "é", "for", "true", "source", "x" * 12)
# Pieces that stand in quoted strings and heredocs.
QUOTED = (
    *("$", "%", "$$", "%%", "$${", "%%{", "$$${", "%%%{", "$$$${", "$$${~", "{", "}", "~}", "$$ {", "$ {"),
    *(
        r"\"",
        r"\\",
        r"\n",
        r"\t",
        r"\u00e9",
        r"\U0001F600",
        r"\u0022",
        r"\u0024{",
        r"\\u0041",
        "#",
        "//",
        "/*",
        "*/",
    ),
    *("a", "EOT", "é", "e\u0301", " ", "\t", "'", "`", ";", "<<EOT", "\x7f", "\u2028", "😀"),
)
HEREDOC = (
    *(
        "$",
        "%",
        "$$",
        "%%",
        "$${",
        "%%{",
        "$$${",
        "%%%{",
        "$$$${",
        "{",
        "}",
        '"',
        "\\",
        r"\n",
        r"\u0041",
        "\\\\",
    ),
    *(
        "#",
        "//",
        "/*",
        "*/",
        "a",
        "  a",
        "EOT x",
        "x EOT",
        "EOTX",
        "$EOT",
        "%EOT",
        "é",
        "\t",
        " ",
        "<<EOT",
        "\u00a0",
        "\x1c",
    ),
)
TEMPLATES = (
    *(
        "${z.a}",
        "${~ z.a ~}",
        '${"${z.a}"}',
        "${z.a /* } */}",
        '${z["}"]}',
        '${ {a = z.a}["a"] }',
        "${\n z.a\n}",
    ),
    *("%{ if z.a }x%{ endif }", "%{ if z.a }x%{ else }y%{ endif }", "%{~ for i, k in z.a ~}${k}%{ endfor }"),
    *(
        "%{if z.a}",
        "%{ endif }",
        "%{ else }",
        "%{ endfor }",
        "${z.a",
        "${}",
        "%{ unless z.a }",
        "${z.a # }\n}",
    ),
)
COMMENTS = ("# c", "// c", "/* c */", "/* c\n */", "/* ${ */", '# "', "/**/", "/* /* */", "#", "/* # */")
WRONG = (
    *(
        "\\",
        '"',
        "{",
        "}",
        "$",
        "%",
        "\n",
        "\r",
        " ",
        "=",
        ",",
        "/*",
        "*/",
        "#",
        "<<EOT\n",
        "EOT\n",
        "(",
        ")",
        "[",
        "]",
    ),
    *(
        ";",
        "'",
        "`",
        "~",
        "^",
        "|",
        "&",
        "!",
        "?",
        ":",
        ".",
        "...",
        "::",
        "=>",
        "*",
        "\ufeff",
        "\x00",
        "\u00a0",
        "“",
    ),
    *(
        r"\q",
        r"\u12",
        r"\ud800",
        r"\U00110000",
        "1.2.3",
        "a = 1 b = 2",
        "0x1",
        ".5",
        "1.",
        "\\\n",
        "-",
        "--",
        "\x0b",
    ),
)


class Writer:
    """Writes texts; the same seed, the same texts."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def texts(self, count: int, seeds: list[str]) -> list[str]:
        """Files: most are right, the others are broken in a place; `seeds` are broken too."""
        return [self.text(seeds) for _ in range(count)]

    def text(self, seeds: list[str]) -> str:
        some = self.random
        text = self.body(2) if not seeds or some.random() < 0.7 else some.choice(seeds)
        for _ in range(some.choice((0, 0, 0, 1, 1, 2))):
            text = self.broken(text)
        if some.random() < 0.1:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        if some.random() < 0.05:
            text = "\ufeff" + text
        return text.removesuffix("\n") if some.random() < 0.1 else text

    def broken(self, text: str) -> str:
        some = self.random
        start = some.randrange(len(text) + 1)
        match some.randrange(4):
            case 0:
                return text[:start] + some.choice(WRONG) + text[start:]
            case 1:
                return text[:start] + text[start + some.choice((1, 1, 1, 2, 5)) :]
            case 2:
                return text[:start] + some.choice((*COMMENTS, *QUOTED, *TEMPLATES)) + text[start:]
            case _:
                end = some.randrange(start, min(len(text), start + 20) + 1)
                place = some.randrange(len(text) + 1)
                return text[:place] + text[start:end] + text[place:]

    def body(self, depth: int) -> str:
        return "".join(self.item(depth) for _ in range(self.random.choice((0, 1, 1, 2, 3))))

    def item(self, depth: int) -> str:
        some, gap = self.random, self.gap
        match some.randrange(8):
            case 0:
                return some.choice(COMMENTS) + "\n"
            case 1:
                return some.choice(("\n", "  \n", "\t\n"))
            case 2 | 3 if depth:
                labels = "".join(f"{gap()}{self.label()}" for _ in range(some.choice((0, 1, 1, 2))))
                head = f"{self.name()}{labels}{gap()}"
                match some.randrange(4):
                    case 0:
                        return f"{head}{{{gap()}}}{self.end()}"
                    case 1:
                        return f"{head}{{{gap()}{self.name()}{gap()}={gap()}{self.expression(1)}{gap()}}}{self.end()}"
                    case _:
                        return f"{head}{{{self.end()}{self.body(depth - 1)}}}{self.end()}"
            case _:
                return f"{self.name()}{gap()}={gap()}{self.expression(depth)}{self.end()}"

    def name(self) -> str:
        # Names of one body differ, or Terraform says so.
        return f"{self.random.choice(NAMES)}{self.random.randrange(1000)}"

    def label(self) -> str:
        return self.name() if self.random.random() < 0.4 else self.quoted(templates=False)

    def gap(self) -> str:
        return self.random.choice(("", " ", " ", " ", "\t", " /* c */ ", "/*\n*/", " /* = 1 */"))

    def end(self) -> str:
        return self.random.choice(
            ("\n", "\n", "\n", " # c\n", " // c\n", " /* c */\n", "\n\n", " /* c\n */\n")
        )

    def expression(self, depth: int) -> str:
        some = self.random
        form = some.randrange(17) if depth else some.randrange(8)
        inner = lambda: self.expression(depth - 1)  # noqa: E731
        gap = self.gap
        match form:
            case 0 | 1 | 2:
                return self.quoted()
            case 3:
                return self.heredoc()
            case 4:
                return some.choice(("0", "12", "1.5", "1e3", "1.5E-2", "-4", "007", "123456789012345678"))
            case 5:
                return some.choice(
                    ("true", "false", "null", "z.a", "z.a[0]", "z.a.*.b", "z.a[*].b", "z.a.0", "-z.a", "!z.a")
                )
            case 6:
                return some.choice(("z.a . b", 'z["a"]', "z.a.0.b", "z.*.a.0.b", "z[\n0\n]", "z.for"))
            case 7:
                return some.choice(("{}", "[]", "{\n}", "[\n]", "f()", "p::q(1)", "f(z...)", "f(1,)"))
            case 8 | 9:
                return (
                    f"[{gap()}"
                    + f"{gap()},{some.choice((' ', chr(10)))}".join(inner() for _ in range(some.randrange(3)))
                    + "]"
                )
            case 10 | 11 | 12:
                pairs = [
                    f"{self.key(depth)}{gap()}{some.choice('==:')}{gap()}{inner()}"
                    for _ in range(some.randrange(3))
                ]
                joint = some.choice((", ", "\n", ",\n", " # c\n", " "))
                return f"{{{gap()}{joint.join(pairs)}{some.choice(('', chr(10), ','))}}}"
            case 13:
                return f"({gap()}{inner()}{some.choice(('', chr(10)))})"
            case 14:
                return (
                    f"{inner()}{gap()}{some.choice(('+', '==', '&&', '<', '%', '-', '||'))}{gap()}{inner()}"
                )
            case 15:
                return f"{inner()} ?{gap()}{inner()}{gap()}: {inner()}"
            case _:
                filter_ = some.choice(("", " if true", "..."))
                return some.choice(
                    (
                        f"[for k in {inner()} : {inner()}{filter_}]",
                        f"{{for k, v in {inner()} : k => {inner()}{filter_}}}",
                        f"{{\nfor k in {inner()} :\n{inner()}\n=> k\n}}",
                        f"f({inner()}, {inner()})",
                    )
                )

    def key(self, depth: int) -> str:
        some = self.random
        number = some.randrange(1000)
        return some.choice(
            (f"a{number}", f'"a{number}"', f"(z.a{number})", self.quoted(), f"{number}", f"é{number}", "true")
        )

    def quoted(self, *, templates: bool = True) -> str:
        some = self.random
        pieces = [some.choice(QUOTED) for _ in range(some.choice((0, 1, 1, 2, 3, 5)))]
        if templates and some.random() < 0.25:
            pieces.insert(some.randrange(len(pieces) + 1), some.choice(TEMPLATES))
        return f'"{"".join(pieces)}"'

    def heredoc(self) -> str:
        some = self.random
        marker = some.choice(("EOT", "E", "EOT", "E-T", "é"))
        lines = []
        for _ in range(some.choice((0, 1, 1, 2, 3))):
            pieces = [some.choice(HEREDOC) for _ in range(some.choice((0, 1, 1, 2, 3)))]
            if some.random() < 0.15:
                pieces.insert(some.randrange(len(pieces) + 1), some.choice(TEMPLATES))
            lines.append("".join(pieces).replace("EOT", marker if some.random() < 0.5 else "EOT") + "\n")
        end = some.choice(("", "", "  ", "\t", "\u00a0")) + marker + some.choice(("", "", "", " ", "\t"))
        return f"<<{some.choice(('', '-'))}{marker}\n{''.join(lines)}{end}\n"


def respelled(text: str, some: random.Random, *, escape: bool) -> str:
    """The same configuration, spelled otherwise: layout, comments, ends of lines, and escapes where wanted."""
    pieces: list[str] = []
    open_: list[str] = []
    position, before = 0, ""
    for kind, start, end, _ in scan(text).tokens:
        pieces.append(text[position:start])
        position = end
        inside = open_[-1] if open_ else ""
        # Not within a string, behind the end marker of a heredoc, or in a comment.
        free = inside not in ("quote", "heredoc") and before != "end heredoc" and not pieces[-1].strip()
        if free and some.random() < 0.15:
            pieces.append(some.choice((" ", "\t", " /* } */ ", '/*\n"*/ ')))
        if free and inside in ("(", "[", "template") and some.random() < 0.1:
            pieces.append(some.choice(("\n", " # ]\n", " // ${\n")))
        if kind in ("quote", "heredoc", "template", "(", "[", "{"):
            open_.append(kind)
        elif kind in ("end quote", "end heredoc", "end template", ")", "]", "}"):
            open_.pop()
        piece = text[start:end]
        if free and kind == "newline" and some.random() < 0.15:
            piece = some.choice((" # }\n", " // {\n", " /* c */\n", "\n\n"))
        if kind == "text" and inside == "quote" and escape and "\\" not in piece and some.random() < 0.3:
            place = some.randrange(len(piece))
            if piece[place] not in "$%{":
                piece = f"{piece[:place]}\\u{ord(piece[place]):04x}{piece[place + 1 :]}"
        pieces.append(piece)
        before = kind
    spelled = "".join(pieces)
    # A heredoc holds its carriage returns.
    if "<<" not in spelled and some.random() < 0.2:
        spelled = spelled.replace("\n", "\r\n")
    return "\ufeff" + spelled if some.random() < 0.2 else spelled
