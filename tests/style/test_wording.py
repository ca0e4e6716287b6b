"""The lint of the wording finds what it is for, and nothing in what has been read."""

from __future__ import annotations

import pytest

from tests.style import wording
from tests.style.wording import SHAPES, Shape


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_matches_its_odd_examples_and_none_of_the_sound(shape: Shape) -> None:
    assert shape.odd
    assert shape.sound
    assert [text for text in shape.odd if not shape.pattern.search(text)] == []
    assert [text for text in shape.sound if shape.pattern.search(text)] == []


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.md", "fine\nit is no JSON\n", ["a.md:2: is-no"]),
        ("a.py", "# what is\n# no number\n", ["a.py:1: is-no"]),
        ("a.md", "it is no JSON <!-- wording: kept, a quotation -->\n", []),
        ("a.md", "it is no JSON <!-- wording: kept, -->\n", ["a.md:1: is-no"]),
        ("strata/cli/options.py", f'A = f(help="{"x" * 80}")\n', []),
        ("strata/cli/options.py", f'\nA = f(help="{"x" * 81}")\n', ["strata/cli/options.py:2: long-help"]),
        (
            "strata/cli/commands/a.py",
            f'"""{"x" * 81}\n\nmore"""\n',
            ["strata/cli/commands/a.py:1: long-help"],
        ),
        ("strata/cli/commands/a.py", f'"""{"x" * 80}\n\n{"more " * 20}"""\n', []),
        ("strata/live/a.py", f'A = f(help="{"x" * 81}")\n', []),
    ],
)
def test_a_finding_names_file_line_and_shape(name: str, text: str, found: list[str]) -> None:
    assert [":".join(line.split(":")[:3]) for line in wording.findings(name, text)] == found


def test_what_has_been_read_stays_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert wording.main([]) == 0, capsys.readouterr().out


def test_the_exit_code_says_whether_there_is_any(capsys: pytest.CaptureFixture[str]) -> None:
    # Its examples are odd on purpose.
    assert wording.main(["tests/style/wording.toml"]) == 1
    assert "tests/style/wording.toml" in capsys.readouterr().out
