"""An execution environment as the parent sees it; a small program plays the runtime."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.aws.lambda_.runtime import environment
from strata.cloud.aws.lambda_.runtime.environment import ExecutionEnvironment, Function, unpack

from ..conftest import eventually
from ..whole_server import children, zipped

# Follows the lines of the file `script` of the function: those before `---` first, the others for each invocation.
RUNTIME = r"""
import json, os, signal, subprocess, sys, time
options = json.loads(sys.argv[1])
before, _, each = open("script").read().partition("---\n")
def tell(**message):
    os.write(options["control"], (json.dumps(message) + "\n").encode())
def follow(lines, order):
    for line in lines.splitlines():
        word, _, rest = line.partition(" ")
        if word == "tell":
            tell(**json.loads(rest))
        elif word == "print":
            os.write(1, (rest + "\n").encode("latin-1"))
        elif word == "log":
            os.write(2, (rest + "\n").encode())
        elif word == "end":
            os.write(int(rest), f"\n{order['end']}\n".encode())
        elif word == "exit":
            os._exit(int(rest))
        elif word == "die":
            os.kill(os.getpid(), signal.SIGABRT)
        elif word == "sleep":
            time.sleep(float(rest))
        elif word == "spawn":
            subprocess.Popen(["sleep", "60"])
        elif word == "see":
            seen = [os.getcwd(), sys.flags.isolated, sys.flags.no_site, dict(os.environ), options, order]
            tell(payload=json.dumps(seen), error=False, memory=7)
follow(before, None)
for line in sys.stdin:
    follow(each, json.loads(line))
"""
INIT = 'tell {"init": 12.5}'
ANSWER = 'tell {"payload": "1", "error": false, "memory": 40}'
ENDS = ("end 1", "end 2")


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    (tmp_path / "runtime.py").write_text(RUNTIME)
    monkeypatch.setattr(environment, "_BOOTSTRAP", tmp_path / "runtime.py")
    made: list[ExecutionEnvironment] = []

    def begin(before: list[str], each: list[str], **more: Any) -> Any:
        code = zipped({"script": "\n".join([*before, "---", *each, ""])})
        variables = more.pop("variables", {})
        named = {
            "name": "f", "version": "3", "handler": "app.handler", "memory": 128, "timeout": 20.0, "code": code,
            "layers": (), "environment": {"A": "function's", "B": "function's", "HOME": "/mine"},
        }  # fmt: skip
        lines: list[str] = []
        made.append(
            ExecutionEnvironment(Function(**(named | more)), tmp_path / "cloud", lines.append, variables)
        )
        made[-1].lines = lines  # type: ignore[attr-defined]
        return made[-1]

    yield begin
    for found in made:
        found.stop()
        assert children(found.pid) == []


def invoke(found: Any, request_id: str = "id", event: str = "{}") -> Any:
    return found.invoke(event, request_id=request_id, function_arn="arn")


def test_what_a_function_sees(start: Callable[..., Any], tmp_path: Path) -> None:
    layers = (zipped({"python/a.py": ""}), zipped({"python/b.py": ""}))
    found = start([INIT], ["see", *ENDS], layers=layers, variables={"B": "own", "TMPDIR": "/mine"})
    before = time.time()
    place, isolated, no_site, variables, options, order = json.loads(invoke(found, event='{"n": 1}').payload)
    assert (isolated, no_site) == (1, 1)
    assert Path(place).parent == tmp_path / "cloud" / "unpacked"
    temporary = variables["TMPDIR"]
    assert Path(temporary).parent == tmp_path / "cloud" / "tmp"
    for name in ("LC_CTYPE", "__CF_USER_TEXT_ENCODING"):  # Python's and macOS's own
        variables.pop(name, None)
    assert variables == {
        "A": "function's", "B": "own", "LAMBDA_TASK_ROOT": place, "TMPDIR": temporary, "HOME": temporary,
    }  # fmt: skip
    assert isinstance(options.pop("control"), int)
    layer = Path(options["path"][2])
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert options == {
        "handler": "app.handler",
        "path": [place, f"{layer}/lib/{version}/site-packages", str(layer)],
        "libraries": [str(tmp_path / "cloud" / "libraries")],
    }
    assert {path.name for path in layer.iterdir()} == {"a.py", "b.py"}
    assert before + 20 <= order.pop("deadline") <= time.time() + 20
    assert order == {"event": '{"n": 1}', "request_id": "id", "function_arn": "arn", "end": "\0END id"}
    assert Path(temporary).is_dir()
    found.stop()
    assert not Path(temporary).exists()


def test_without_layers_there_is_no_folder_of_them(start: Callable[..., Any]) -> None:
    place, _, _, _, options, _ = json.loads(invoke(start([INIT], ["see", *ENDS])).payload)
    assert options["path"] == [place]


def test_an_invocations_log(start: Callable[..., Any]) -> None:
    # What comes after the answer, and before both ends, is the invocation's.
    found = start(
        [INIT], ["print one", "print ", ANSWER, "sleep 0.05", "print \xff", "end 1", "log two", "end 2"]
    )
    first, second = invoke(found, "a"), invoke(found, "b")
    assert (first.payload, first.error) == (b"1", False)
    assert first.log[0] == "START RequestId: a Version: 3"
    assert sorted(first.log[1:-2]) == ["one", "two", "\ufffd"]
    assert first.log[-2] == "END RequestId: a"
    assert re.fullmatch(
        r"REPORT RequestId: a\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB"
        r"\tMax Memory Used: 40 MB\tInit Duration: 12\.50 ms",
        first.log[-1],
    )
    # The load is the first invocation's alone.
    assert second.log[0] == "START RequestId: b Version: 3"
    assert sorted(second.log[1:-2]) == ["one", "two", "\ufffd"]
    assert second.log[-1].endswith("Max Memory Used: 40 MB")
    assert found.lines == [*first.log, *second.log]
    assert found.alive


@pytest.mark.parametrize(
    ("seconds", "init", "words"),
    [
        (0.0, None, ["Duration: 0.00 ms", "Billed Duration: 1 ms"]),
        (1.5, -1.0, ["Duration: 1500.00 ms", "Billed Duration: 1501 ms"]),
        (
            0.0021,
            0.0,
            ["Duration: 2.10 ms", "Billed Duration: 3 ms", "Init Duration: 0.00 ms"],
        ),
    ],
)
def test_a_report(seconds: float, init: float | None, words: list[str]) -> None:
    report = environment._report("id", seconds, 256, 90, init).split("\t")
    sizes = ["Memory Size: 256 MB", "Max Memory Used: 90 MB"]
    assert report == ["REPORT RequestId: id", *words[:2], *sizes, *words[2:]]


@pytest.mark.parametrize(
    ("each", "reason"),
    [(["print last", "exit 3"], "exit status 3"), (["print last", "exit 0"], "exit status 0"), (["print last", "die"], "signal: SIGABRT")],
)  # fmt: skip
def test_a_process_that_ends(start: Callable[..., Any], each: list[str], reason: str) -> None:
    found = start([INIT], each)
    invocation = invoke(found)
    text = f"RequestId: id Error: Runtime exited with error: {reason}"
    assert invocation.error is True
    assert json.loads(invocation.payload) == {"errorType": "Runtime.ExitError", "errorMessage": text}
    start_line, *lines, end, report = invocation.log
    assert (start_line, sorted(lines), end) == (
        "START RequestId: id Version: 3",
        sorted(["last", text]),
        "END RequestId: id",
    )
    assert "\tMax Memory Used: 128 MB" in report
    assert not found.alive


def test_a_process_that_ends_before_its_invocation(start: Callable[..., Any]) -> None:
    found = start(["exit 1"], [])
    eventually(lambda: not found.alive)
    begun = time.monotonic()
    invocation = invoke(found)
    # Nothing is waited for.
    assert time.monotonic() - begun < 9
    assert json.loads(invocation.payload)["errorMessage"].endswith("error: exit status 1")
    assert "Init Duration" not in invocation.log[-1]


def test_an_invocation_that_takes_too_long(start: Callable[..., Any]) -> None:
    found = start([INIT], ["print before", "spawn", "sleep 60", ANSWER], timeout=0.25)
    invocation = invoke(found)
    fault = json.loads(invocation.payload)
    assert (invocation.error, fault["errorType"]) == (True, "Sandbox.Timedout")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ id Task timed out after 0\.25 seconds", fault["errorMessage"]
    )
    assert sorted(invocation.log[1:-2]) == sorted(["before", fault["errorMessage"]])
    assert (found.alive, children(found.pid)) == (False, [])


@pytest.mark.parametrize(("timeout", "cut_off"), [(0.25, 60.0), (60.0, 0.25)])
def test_an_invocation_is_cut_off_before_its_time_or_at_its_end(
    start: Callable[..., Any], timeout: float, cut_off: float
) -> None:
    found = start([INIT], ["sleep 5", ANSWER], timeout=timeout)
    invocation = found.invoke("{}", request_id="id", function_arn="arn", cut_off=cut_off)
    assert invocation.error
    # What a user reads is the function's timeout, also where it was cut off.
    assert f"Task timed out after {timeout:.2f} seconds" in json.loads(invocation.payload)["errorMessage"]


@pytest.mark.parametrize(("seconds", "in_time"), [(10.0, True), (0.0, False)])
def test_the_load_has_a_time_of_its_own(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, seconds: float, in_time: bool
) -> None:
    assert environment._INIT_SECONDS == 10.0
    monkeypatch.setattr(environment, "_INIT_SECONDS", seconds)
    found = start(["sleep 0.6", INIT], [ANSWER, *ENDS], timeout=0.3)
    invocation = invoke(found)
    assert invocation.error is not in_time
    assert ("Init Duration" in invocation.log[-1]) is in_time


def test_a_loaded_process_is_not_waited_for(start: Callable[..., Any]) -> None:
    found = start([INIT], [ANSWER, *ENDS])
    eventually(lambda: found._init is not None)
    begun = time.monotonic()
    invoke(found)
    invoke(found)
    assert time.monotonic() - begun < 5


def test_the_ends_are_waited_for_a_second_only(start: Callable[..., Any]) -> None:
    found = start([INIT], [ANSWER, "end 1"])
    begun = time.monotonic()
    invocation = invoke(found)
    assert 1 <= time.monotonic() - begun < 5
    assert (invocation.error, found.alive) == (False, True)


def test_what_a_function_has_started_ends_with_it(start: Callable[..., Any]) -> None:
    found = start([INIT], [ANSWER, *ENDS, "spawn", "exit 0"])
    begun = time.monotonic()
    assert invoke(found).error is False
    eventually(lambda: not found.alive)
    assert time.monotonic() - begun < 4
    assert children(found.pid) == []
    found.stop()


def test_messages_are_shared_under_a_lock(start: Callable[..., Any]) -> None:
    found = start(["sleep 0.2", INIT], [ANSWER, *ENDS])

    class Held(list[Any]):
        def append(self, item: Any) -> None:
            assert found._changed._is_owned()
            super().append(item)

        def pop(self, *place: Any) -> Any:
            assert found._changed._is_owned()
            return super().pop(*place)

    found._messages = Held()
    assert invoke(found).error is False


def test_no_pipe_is_left_where_no_process_starts(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any, **named: Any) -> Any:
        raise OSError("no memory")

    monkeypatch.setattr(environment.subprocess, "Popen", broken)
    closed, close = [], os.close
    monkeypatch.setattr(environment.os, "close", lambda end: (closed.append(end), close(end)))
    with pytest.raises(OSError, match="no memory"):
        start([INIT], [])
    assert closed


def test_zips_are_unpacked_one_over_the_other(tmp_path: Path) -> None:
    below, above = zipped({"a": "below", "b": "below"}), zipped({"a": "above"})
    both, other = unpack(tmp_path, (below, above)), unpack(tmp_path, (above, below))
    assert [(both / name).read_text() for name in ("a", "b")] == ["above", "below"]
    assert (other / "a").read_text() == "below"
    assert both != other
    assert {path.name for path in (tmp_path / "unpacked").iterdir()} == {both.name, other.name}
    # The second time it is there.
    (both / "a").write_text("kept")
    assert unpack(tmp_path, (below, above)) == both
    assert (both / "a").read_text() == "kept"


def test_what_is_not_a_zip_leaves_no_folder(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(zipfile.BadZipFile):
            unpack(tmp_path, (zipped({"a": ""}), b"text"))
    with contextlib.suppress(zipfile.BadZipFile):
        unpack(tmp_path, (b"text",))
    assert all(path.suffix == ".partial" for path in (tmp_path / "unpacked").iterdir())


def test_what_an_interrupted_start_has_left_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = unpack(tmp_path, (zipped({"a": ""}),)).name
    (tmp_path / "unpacked" / digest).rename(tmp_path / "unpacked" / f"{digest}.partial")
    (tmp_path / "unpacked" / f"{digest}.partial" / "stray").touch()
    assert {path.name for path in unpack(tmp_path, (zipped({"a": ""}),)).iterdir()} == {"a"}
    linked: list[Any] = []

    def link(folder: Path, names: Any) -> Path:
        assert environment._lock.locked()
        assert not folder.exists()
        folder.mkdir(parents=True)
        linked.append(names)
        return folder

    monkeypatch.setattr(environment, "link_libraries", link)
    (tmp_path / "libraries.partial").mkdir()
    assert environment._libraries(tmp_path) == environment._libraries(tmp_path) == tmp_path / "libraries"
    assert linked == [("boto3",)]
    assert {path.name for path in tmp_path.iterdir()} == {"libraries", "unpacked"}


def test_zips_are_unpacked_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = zipfile.ZipFile

    def locked(content: io.BytesIO) -> zipfile.ZipFile:
        assert environment._lock.locked()
        return opened(content)

    content = zipped({"a": ""})
    monkeypatch.setattr(environment.zipfile, "ZipFile", locked)
    threads = [threading.Thread(target=unpack, args=(tmp_path, (content,))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    (found,) = (tmp_path / "unpacked").iterdir()
    assert (found / "a").exists()


def test_its_threads_do_not_keep_the_interpreter(start: Callable[..., Any]) -> None:
    before = set(threading.enumerate())
    start(["sleep 60"], [])
    made = set(threading.enumerate()) - before
    assert len(made) == 3
    assert all(thread.daemon for thread in made)
