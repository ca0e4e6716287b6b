"""The reader of HCL: what a text means, written by hand; `test_terraform.py` asks Terraform about the same texts."""

from __future__ import annotations

import pytest

from strata.errors import StrataError
from strata.hcl.syntax import compact, parse

# The text of an expression -> its value; `...` where it is not a literal.
VALUES: dict[str, object] = {
    '""': "",
    r'"a\n\r\t\"\\"': 'a\n\r\t"\\',
    r'"\u00e9\U0001F600"': "é😀",
    r'"\u0024{x}"': "${x}",
    '"e\u0301"': "é",
    '"$"': "$",
    '"$$"': "$$",
    '"$${x}"': "${x}",
    '"$$${x}"': "$${x}",
    '"$$$${x}"': "$$${x}",
    '"%%{if}"': "%{if}",
    '"%%%{if}"': "%%{if}",
    '"%%%%{if}"': "%%%{if}",
    '"$%{if true}%{endif}"': ...,
    r'"\\${z}"': ...,
    '"# // /* }"': "# // /* }",
    '"${z}"': ...,
    '"${"z"}"': ...,
    "<<EOT\nEOT\n": "",
    "<<EOT\n$$${\nEOT\n": "$${\n",
    '<<EOT\n"\\n # $ %\nEOT\n': '"\\n # $ %\n',
    "<<EOT\n  a\n EOTX\n$EOT\n\tEOT \n": "  a\n EOTX\n$EOT\n",
    "<<-EOT\n    a\n\n      b\n  \n    EOT\n": "a\n\n  b\n  \n",
    "<<-EOT\n\u00a0\u00a0a\n  b\nEOT\n": "a\nb\n",
    "<<EOT\r\na\r\nEOT\r\n": "a\r\n",
    "<<EOT\n${z}\nEOT\n": ...,
    "<<EOT\n%{ if z }\nE%{ endif }\nEOT\n": ...,
    "12": 12,
    "007": 7,
    "true": True,
    '[1, "a", [false],]': [1, "a", [False]],
    '{ a = 1, "b": 2\n ab-c = { } }': {"a": 1, "ab-c": {}, "b": 2},
    '{ "\\u0061" = 1 }': {"a": 1},
    "{ (z) = 1 }": ...,
    "{ a = z }": ...,
    "[z]": ...,
    "z": ...,
    "-1": ...,
    "f()": ...,
}

# What is not HCL.
REFUSED = [
    "a = 1 b = 2\n",
    "a = 1, b = 2\n",
    "a = 1 /*\n*/ b = 2\n",
    "a = 1 b {}\n",
    "b {} c {}\n",
    "b { a = 1 c = 2 }\n",
    "b { a = 1, c = 2 }\n",
    "b { c {} }\n",
    "b { a = 1\n}\n",
    "b {\n a = 1 }\n",
    "b\n{\n}\n",
    'b "${x}" {\n}\n',
    'b "a\n" {\n}\n',
    '"a" = 1\n',
    "a\n= 1\n",
    "a =\n1\n",
    "a = 1\n+ 2\n",
    "a = z\n.b\n",
    "a = z ? 1\n: 2\n",
    "a = { b = 1 c = 2 }\n",
    "a = { b\n= 1 }\n",
    "a = { b = 1,, c = 2 }\n",
    "a = { for k in z : k }\n",
    "a = [for k in z : k => k]\n",
    "a = [for k in z : k...]\n",
    "a = [1 2]\n",
    "a = f(1 2)\n",
    "a = z.*.b.*.c\n",
    "a = z.0.0\n",
    "a = 1.2.3\n",
    'a = "\n"\n',
    'a = "\\q"\n',
    'a = "\\u12"\n',
    'a = "\\ud800"\n',
    'a = "\\U00110000"\n',
    'a = "%{ if z }"\n',
    'a = "%{ endif }"\n',
    'a = "%{ if z }%{ else }%{ else }%{ endif }"\n',
    'a = "%{ if z }%{ endfor }"\n',
    "a = <<EOT\n%{ if z }\nEOT\n%{ endif }\nEOT\n",
    'a = "${z"\n',
    'a = "${}"\n',
    'a = "b\n',
    "a = <<EOT\nb\nEOT",
    "a = <<EOT # c\nb\nEOT\n",
    "a = <<EOT\nb\nEOT c\n",
    "a = `b`\n",
    "a = 'b'\n",
    "a = 1;\n",
    "a = 1 & 2\n",
    "a = 1\rb = 2\n",
    "a\u00a0= 1\n",
    "a = 1\n\ufeff\n",
    "/* a = 1\n",
    "a = 1\na = 2\n",
    "b {\n",
    "}\n",
]


@pytest.mark.parametrize("text", VALUES)
def test_value(text: str) -> None:
    found = parse("x", f"a = {text}\n".encode()).body.attributes["a"].constant
    assert (... if found is None else found[0]) == VALUES[text]


SHAPES = {
    "an escape does not open a template": ('a = "$$${"\nb x {\n  # "}"\n}\n', ["a", "b x {", "}"]),
    "nor in a heredoc": ("a = <<EOT\n$$${\nEOT\nb {\n}\n", ["a", "b {", "}"]),
    "one-line blocks": ('b "x" { c = 1 }\nd {}\n', ["b x {", "c", "}", "d {", "}"]),
    "labels are strings": (r'b "\u0078" y "z-$${" {}', ["b x y z-${ {", "}"]),
    "comments everywhere": (
        "/* c */ a /* = */ = /*\n*/ 1 // c\nb /* c */ x /* { */ { # }\n  c = 2 # }\n} # c",
        ["a", "b x {", "c", "}"],
    ),
    "a byte order mark": ("\ufeffa = 1\n", ["a"]),
    "carriage returns": ("a = 1\r\nb {\r\n  c = <<E\r\n}\r\nE\r\n}\r\n", ["a", "b {", "c", "}"]),
    "names": ("é-1 = 1\n_ = 2\nfor = 3\ntrue = 4\n", ["é-1", "_", "for", "true"]),
    "new lines in brackets": (
        "a = [\n1\n,\n2]\nb = (\n1\n+\n2)\nc = {for\nk\nin\nz\n:\nk\n=>\nk}\n",
        ["a", "b", "c"],
    ),
    "nothing": ("", []),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str) -> None:
    text, expected = SHAPES[name]
    body = parse("x", text.encode()).body

    def shown(block: object) -> list[str]:
        return [
            *block.attributes,
            *(
                line
                for one in block.blocks
                for line in (f"{' '.join((one.type, *one.labels))} {{", *shown(one), "}")
            ),
        ]

    assert shown(body) == expected


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(StrataError, match="syntax error"):
        parse("x", text.encode())


FAULTS = {
    "a = 1 b = 2\n": (1, "a new line was expected, not `b`"),
    "\n\na = \n": (3, "an expression was expected, not the end of the line"),
    'a = "x\nb = 1\n': (1, "a quoted string ends on its line"),
    '\na = "\\q"\n': (2, "`\\q` does not begin an escape sequence"),
    "a = 1\na = 2\n": (2, "`a` is set twice in one block"),
    "a = 1\nb = “x”\n": (2, "HCL does not use the character `“`"),
    "a = 1\nb = x\u00a0y\n": (2, "HCL does not use the character U+00A0"),
    "b {\n": (2, "an argument or a block was expected, not the end of the file"),
    "a = 1 ? 2\n": (1, "the colon of a conditional was expected, not the end of the line"),
    f"a = {'(' * 200}1{')' * 200}\n": (1, "more than 100 levels are nested"),
}


@pytest.mark.parametrize("text", FAULTS)
def test_the_first_fault_is_named(text: str) -> None:
    line, says = FAULTS[text]
    with pytest.raises(StrataError) as caught:
        parse("x.tf", text.encode())
    assert (caught.value.file, caught.value.line, caught.value.message) == (
        "x.tf",
        line,
        f"syntax error: {says}",
    )


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(StrataError, match="the file cannot be read"):
        parse("x", b'a = "\xff"\n')


def test_an_expression_in_its_normal_form() -> None:
    raw = b"a = [ 1,\n 2, # c\n]\nb = f( 1 ,)\nc = { x = 1, y = 2 }\nd = { x = 1\ny /* c */ = 2\n}\n"
    found = {name: value.normal for name, value in parse("x", raw).body.attributes.items()}
    assert found == {"a": "[ 1 , 2 ]", "b": "f ( 1 )", "c": "{ x = 1 y = 2 }", "d": "{ x = 1 y = 2 }"}


@pytest.mark.parametrize(
    ("text", "compacted"),
    [
        ('f ( /* c */ "${ z . a }/b" )', 'f("${z.a}/b")'),
        (r'"\u0061\u0022\t$${x}"', r'"a\"\t$${x}"'),
        (r'"\u0024{x}"', '"$${x}"'),
        (r'"\u0024${x}"', r'"\u0024${x}"'),
        ("<<E\n\\u0061${ z }\nE", "<<E\n\\u0061${z}\nE"),
    ],
)
def test_a_compact_text_means_the_same(text: str, compacted: str) -> None:
    assert compact(parse("x", f"a = {text}\n".encode()).body.attributes["a"].node) == compacted


def test_comments_are_kept_apart() -> None:
    file = parse("x", b'# a\nb = "# c" // d\n/* e\n*/\n')
    assert [(one.text, one.line) for one in file.comments] == [("# a", 1), ("// d", 2), ("/* e\n*/", 3)]
