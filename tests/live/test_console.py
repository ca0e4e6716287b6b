"""What else is in the console's output never becomes part of the answer, nor of an error."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from strata.errors import StrataError
from strata.live.evaluation.console import Console, Definition

ACQUIRING = "Acquiring state lock. This may take a few moments...\n"
RELEASING = "Releasing state lock. This may take a few moments...\n"

# How the console's output is changed, one text per process: {answer} is all that Terraform printed, {line} the
# same without its line end, {first} and {rest} its halves.
OUTPUTS = {
    "as it is": ["{answer}"],
    "a line before": [ACQUIRING + "{answer}"],
    "a line after": ["{answer}" + RELEASING],
    "lines around": [ACQUIRING + "\n{answer}\n" + RELEASING],
    "Windows line ends": [ACQUIRING.replace("\n", "\r\n") + "{line}\r\n" + RELEASING.replace("\n", "\r\n")],
    "between the answer and its line end": ["{line}" + RELEASING + "\n"],
    "on the answer's line": [ACQUIRING.strip() + "{line}" + RELEASING],
    "a line that is an answer's own form": ['{answer}"eyJ2MCI6MX0="\n'],
    "bytes that are not UTF-8": ["{answer}\udcff\n"],
    "in the middle of the first answer": ["{first}\n" + RELEASING + "{rest}", "{answer}"],
    "in the middle of two answers": ["{first}" + RELEASING + "{rest}"] * 2 + ["{answer}"],
}

STAND_IN = """#!{python} -IS
import pathlib, subprocess, sys
outputs = {outputs!r}
done = subprocess.run([{terraform!r}, *sys.argv[1:]], stdout=subprocess.PIPE)
count = pathlib.Path({folder!r}, "count")
turn = int(count.read_text()) if count.exists() else 0
count.write_text(str(turn + 1))
answer = done.stdout.decode()
half = len(answer) // 2
text = outputs[min(turn, len(outputs) - 1)].format(
    answer=answer, line=answer.rstrip("\\n"), first=answer[:half], rest=answer[half:]
)
sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
sys.exit(done.returncode)
"""


def stand_in(folder: Path, outputs: list[str]) -> Console:
    terraform = shutil.which("terraform") or shutil.which("tofu")
    assert terraform
    program = folder / "terraform"
    program.write_text(
        STAND_IN.format(python=sys.executable, terraform=terraform, outputs=outputs, folder=str(folder))
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Console(str(program), {"PATH": "/usr/bin:/bin", "HOME": str(folder)})


def definition(text: str) -> Definition:
    return Definition("a", text, Path("live/dev/a/terragrunt.hcl"), 7, frozenset())


@pytest.mark.parametrize("name", OUTPUTS)
def test_only_the_answer_is_read(tmp_path: Path, name: str) -> None:
    console = stand_in(tmp_path, OUTPUTS[name])
    values = console.evaluate([definition('{ x = upper("é"), y = [1, null] }')], ["a"], {})
    assert values == {"a": {"x": "É", "y": [1, None]}}
    assert int((tmp_path / "count").read_text()) == len(OUTPUTS[name])


def test_an_answer_that_is_never_whole_is_an_error_without_its_values(tmp_path: Path) -> None:
    console = stand_in(tmp_path, ["{first}" + RELEASING + "{rest}"])
    with pytest.raises(StrataError) as caught:
        console.evaluate([definition('"secret"')], ["a"], {})
    assert (
        caught.value.message == "`terraform console` gave no answer (exit code 0): its answer is incomplete"
    )


def test_a_notice_is_not_part_of_an_error(tmp_path: Path) -> None:
    console = stand_in(tmp_path, ["{answer}\n" + RELEASING])
    with pytest.raises(StrataError) as caught:
        console.evaluate([definition("tonumber({})")], ["a"], {})
    assert (caught.value.file, caught.value.line) == ("live/dev/a/terragrunt.hcl", 7)
    assert "state lock" not in caught.value.message


def test_what_is_not_known_is_an_error_beside_a_notice(tmp_path: Path) -> None:
    console = stand_in(tmp_path, ["{answer}" + RELEASING])
    with pytest.raises(StrataError, match="an expression has no known value before apply"):
        console.evaluate([definition("plantimestamp()")], ["a"], {})


def test_a_console_that_only_gives_notice_is_said_to_give_no_answer(tmp_path: Path) -> None:
    console = stand_in(tmp_path, [RELEASING])
    with pytest.raises(StrataError, match=r"gave no answer \(exit code 0\): it printed nothing \("):
        console.evaluate([definition("1")], ["a"], {})


def speaking(folder: Path, stdout: str = "", stderr: str = "", code: int = 0) -> Console:
    """A Terraform that says always the same."""
    (folder / "stdout").write_text(stdout, encoding="utf-8")
    (folder / "stderr").write_text(stderr, encoding="utf-8")
    program = folder / "terraform"
    program.write_text(f"#!/bin/sh\ncat {folder}/stdout\ncat {folder}/stderr >&2\nexit {code}\n")
    program.chmod(0o755)
    return Console(str(program), {"PATH": "/usr/bin:/bin"})


A, B = Path("live/dev/a/terragrunt.hcl"), Path("live/env.hcl")
# The scratch folder's file has `a` in its lines 4 and 5, and `b`, which it uses, in its line 3.
USED = [
    Definition("a", "[\nlocal.b]", A, 7, frozenset(["b"])),
    Definition("b", "1", B, 20, frozenset()),
]
PLANTED = {
    "e1": StrataError("the first", file=A, line=1),
    "u0_t3": StrataError("of a table", file=B, line=2),
}


def diagnostic(line: int | None, detail: str, summary: str = "Bad value") -> str:
    place = f"  on main.tf line {line}, in locals:\n  {line}: x\n\n" if line else ""
    return f"Error: {summary}\n\n{place}{detail}\n\n"


# what Terraform prints on stderr and stdout; the error's message, file and line
REPORTS: dict[str, tuple[str, str, str, Path | None, int | None]] = {
    "at a line": (diagnostic(3, "It is bad."), "", "Bad value: It is bad", B, 20),
    "at the first line of a value": (diagnostic(5, "It is bad."), "", "Bad value: It is bad", A, 7),
    "at a later line of a value": (diagnostic(6, "It is bad."), "", "Bad value: It is bad", A, 8),
    "at a line of ours": (diagnostic(2, "It is bad."), "", "Bad value: It is bad", None, None),
    "at the last line": (diagnostic(9, "It is bad."), "", "Bad value: It is bad", None, None),
    "beyond the file": (diagnostic(99, "It is bad."), "", "Bad value: It is bad", None, None),
    "without a line": (diagnostic(None, "It is bad."), "", "Bad value: It is bad", None, None),
    "on stdout": ("", diagnostic(3, "It is bad."), "Bad value: It is bad", B, 20),
    "the first of two": (diagnostic(3, "One.") + diagnostic(5, "Two.", "Worse"), "", "Bad value: One", B, 20),
    "stderr before stdout": (diagnostic(3, "One."), diagnostic(5, "Two."), "Bad value: One", B, 20),
    "before a warning": (diagnostic(3, "One.") + "Warning: Old\n\nTwo.\n", "", "Bad value: One", B, 20),
    "after a warning": ("Warning: Old\n\nTwo.\n\n" + diagnostic(3, "One."), "", "Bad value: One", B, 20),
    "before a panic": (diagnostic(3, "One.") + "!!!!!!!! CRASH\nmore\n", "", "Bad value: One", B, 20),
    "of several paragraphs": (diagnostic(3, "One\ntwo.\n\nThree."), "", "Bad value: One two. Three", B, 20),
    "without a detail": (diagnostic(3, ""), "", "Bad value", B, 20),
    "with a name of ours": (diagnostic(3, "See local.u0_l_size and local.u1i0_e_2."), "", "Bad value: See local.size and local.2", B, 20),
    "that was planted": (diagnostic(3, 'local.fail["e1"] has no key.'), "", "the first", A, 1),
    "that a table stands for": (diagnostic(3, 'local.u0_t3["x"] has no key.'), "", "of a table", B, 2),
    "that was not planted": (diagnostic(3, 'local.fail["e9"] is bad.'), "", 'Bad value: local.fail["e9"] is bad', B, 20),
    "not known yet": ("", "(known after apply)\n", "an expression has no known value before apply", None, None),
    "a fault beside what is not known": (diagnostic(3, "One."), "(known after apply)\n", "Bad value: One", B, 20),
    "no report": ("", "", "`terraform console` gave no answer (exit code 7): it printed nothing", None, None),
    "no report but a text": ("a\nb\n\n", "c\n", "`terraform console` gave no answer (exit code 7): b", None, None),
    "no report but an answer": ("", "a\nb\n", "`terraform console` gave no answer (exit code 7): b", None, None),
    "half an answer": ("", '"0123456789abcdef0123456789abcdef:c2VjcmV0', "`terraform console` gave no answer (exit code 7): its answer is incomplete", None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_what_terraform_reports_is_an_error_at_its_place(name: str, tmp_path: Path) -> None:
    stderr, stdout, message, file, line = REPORTS[name]
    console = speaking(tmp_path, stdout, stderr, code=7)
    with pytest.raises(StrataError) as caught:
        console.evaluate(USED, ["a"], PLANTED)
    assert caught.value.message == message
    assert (caught.value.file, caught.value.line) == (str(file) if file else None, line)
    if "gave no answer" in message:
        assert caught.value.remedy == "check that Terraform 1.11 or newer runs"


def real(folder: Path) -> Console:
    terraform = shutil.which("terraform") or shutil.which("tofu")
    assert terraform
    return Console(terraform, {"PATH": "/usr/bin:/bin", "HOME": str(folder)})


def test_values_that_use_each_other(tmp_path: Path) -> None:
    definitions = [
        Definition("a", "[local.b, local.c]", A, 1, frozenset(["b", "c"])),
        Definition("b", "1", A, 2, frozenset()),
        Definition("c", 'upper("c")', A, 3, frozenset()),
        Definition("d", '"alone"', A, 4, frozenset()),
        Definition("e", "sensitive(5)", A, 5, frozenset()),
    ]
    found = real(tmp_path).evaluate(definitions, ["d", "a", "c", "e"], {})
    assert found == {"d": "alone", "a": [1, "C"], "c": "C", "e": 5}
    assert list(found) == ["d", "a", "c", "e"]


def test_what_is_only_checked_is_no_value_but_its_fault_comes_out(tmp_path: Path) -> None:
    good = Definition("a", "1", A, 1, frozenset())
    for uses in (frozenset[str](), frozenset(["b"])):
        bad = Definition("b", "tonumber({})", B, 9, frozenset())
        user = Definition("c", "[local.b]" if uses else "1", A, 2, uses)
        with pytest.raises(StrataError) as caught:
            real(tmp_path).evaluate([good, bad, user], ["a"], {}, ["b"])
        assert (caught.value.file, caught.value.line) == (str(B), 9)
    fine = Definition("b", "2", B, 9, frozenset())
    assert real(tmp_path).evaluate([good, fine], ["a"], {}, ["b"]) == {"a": 1}
    assert real(tmp_path).evaluate([good, fine], [], {}, ["b"]) == {}


def test_nothing_wanted_asks_nothing(tmp_path: Path) -> None:
    console = Console("/no/such/terraform", {})
    assert console.evaluate([definition("1")], [], {}) == {}
    assert console.format([]) == []
    for ask in (lambda: console.evaluate([definition("1")], ["a"], {}), lambda: console.format(["a"])):
        with pytest.raises(StrataError) as caught:
            ask()
        assert caught.value.message == "Terraform cannot be run: No such file or directory"
        assert caught.value.file == "/no/such/terraform"
        assert caught.value.remedy == "put Terraform 1.11 or newer on PATH"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("999999999999999", 999999999999999),
        ("123456789012345678", 123456789012345680),
        ("-12345678901234567", -12345678901234568),
        ("12345678901234567890", 12345678901234567000),
        ("1.5", 1.5),
        ("0.1 + 0.2", 0.3),
    ],
)
def test_numbers_are_terragrunts(text: str, value: float, tmp_path: Path) -> None:
    assert real(tmp_path).evaluate([definition(text)], ["a"], {}) == {"a": value}


def test_texts_are_laid_out_together(tmp_path: Path) -> None:
    texts = ["a=1\nbcd = [1,2]\n", "not = = HCL\n", "", 'x = "${local.a}"\n']
    assert real(tmp_path).format(texts) == ["a   = 1\nbcd = [1, 2]\n", texts[1], "", "x = local.a\n"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a = 1\nb = = 2\n", 2, "Invalid expression: Expected the start of an expression, but found an invalid expression token"),
        ('\n\na = "x\n', 3, "Invalid multi-line string: "),
        ("a {\n", 1, "Unclosed configuration block: "),
        ("a = 1\n", None, ""),
        ("", None, ""),
    ],
)  # fmt: skip
def test_the_first_syntax_error(text: str, line: int | None, says: str, tmp_path: Path) -> None:
    found = real(tmp_path).syntax_error(text)
    if line is None:
        assert found is None
    else:
        assert found is not None
        assert (found[0], found[1].startswith(says)) == (line, True), found


# What the tree's variables are, and what of them reaches Terraform.
PASSED = [
    ({}, {"PATH": os.defpath}),
    ({"PATH": "/bin:/usr/bin", "HOME": "/home/x"}, {"PATH": "/bin:/usr/bin", "HOME": "/home/x"}),
    ({"PATH": "/bin:/usr/bin", "TF_LOG": "trace", "AWS_PROFILE": "x"}, {"PATH": "/bin:/usr/bin"}),
    ({"PATH": "/bin:/usr/bin", "SystemRoot": "C:"}, {"PATH": "/bin:/usr/bin", "SystemRoot": "C:"}),
]


@pytest.mark.parametrize(("environ", "passed"), PASSED)
def test_nothing_but_paths_reaches_terraform(
    environ: dict[str, str], passed: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "terraform"
    program.write_text(
        f"#!/bin/sh\nenv > {tmp_path}/env\ncat terraform.rc > {tmp_path}/rc\necho $* > {tmp_path}/arguments\n"
    )
    program.chmod(0o755)
    Console(str(program), environ).format(["a"])
    found = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    own = {name: found.pop(name) for name in ("CHECKPOINT_DISABLE", "GOGC", "TF_IN_AUTOMATION")}
    assert found.pop("TF_CLI_CONFIG_FILE").endswith("/terraform.rc")
    # The shell sets these itself.
    assert {
        name: value for name, value in found.items() if name not in ("PWD", "SHLVL", "_", "OLDPWD")
    } == passed
    assert own == {"CHECKPOINT_DISABLE": "1", "GOGC": "400", "TF_IN_AUTOMATION": "1"}
    assert (tmp_path / "rc").read_text() == ""
    assert (tmp_path / "arguments").read_text() == "fmt -list=false .\n"
