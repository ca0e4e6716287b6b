"""What else is in the console's output never becomes part of the answer, nor of an error."""

from __future__ import annotations

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
