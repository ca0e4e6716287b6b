"""The program of an execution environment, loaded into this process: what a handler sees, and its errors."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import os
import queue
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.aws.lambda_.runtime import environment

ORDER = {"request_id": "id", "function_arn": "arn", "event": '{"n": 1}', "end": "\0END id"}


@pytest.fixture
def bootstrap(
    told: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """Loads the program for a handler."""
    for name in ("NAME", "VERSION", "MEMORY_SIZE"):
        monkeypatch.setenv(f"AWS_LAMBDA_FUNCTION_{name}", f"the {name}")
    for name in ("GROUP", "STREAM"):
        monkeypatch.setenv(f"AWS_LAMBDA_LOG_{name}_NAME", f"the {name}")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)

    def load(handler: str = "app.handler") -> Any:
        options = {"control": told[1], "path": ["/own", "/layer"], "libraries": ["/aws"], "handler": handler}
        monkeypatch.setattr(sys, "argv", ["bootstrap.py", json.dumps(options)])
        spec = importlib.util.spec_from_file_location("lambda_bootstrap", environment._BOOTSTRAP)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    for name in set(sys.modules) - before:
        if name.startswith(("app", "package")):
            del sys.modules[name]
    importlib.invalidate_caches()


def messages(told: tuple[int, int]) -> list[Any]:
    return [json.loads(line) for line in os.read(told[0], 65536).splitlines()]


def test_what_the_context_tells(bootstrap: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    program = bootstrap()
    monkeypatch.setattr(program.time, "time", lambda: 100.0)
    context = program.Context(ORDER | {"deadline": 102.5})
    assert (context.aws_request_id, context.invoked_function_arn) == ("id", "arn")
    assert (context.function_name, context.function_version) == ("the NAME", "the VERSION")
    assert context.memory_limit_in_mb == "the MEMORY_SIZE"
    assert (context.log_group_name, context.log_stream_name) == ("the GROUP", "the STREAM")
    assert (context.identity, context.client_context) == (None, None)
    assert context.get_remaining_time_in_millis() == 2500
    monkeypatch.setattr(program.time, "time", lambda: 103.0)
    assert context.get_remaining_time_in_millis() == 0


def test_the_context_and_the_root_logger_write_to_the_log(
    bootstrap: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    program = bootstrap()
    program.Context(ORDER | {"deadline": 0}).log(5)
    program.request_id = "id"
    record = logging.LogRecord("a", logging.WARNING, "f.py", 1, "slow: %s", ("x",), None)
    # 2026-01-02T03:04:05.007Z
    record.created, record.msecs = 1767323045.007, 7.0
    program.LogHandler().emit(record)
    assert capsys.readouterr().out == "5[WARNING]\t2026-01-02T03:04:05.007Z\tid\tslow: x\n"


def test_orders_are_taken_until_the_parent_is_gone(
    bootstrap: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, killed = bootstrap(), []
    monkeypatch.setattr(program.os, "killpg", lambda *asked: killed.append(asked))
    program.follow_parent(io.BytesIO(b'{"n": 1}\n{"n": 2}\n'))
    assert [program.orders.get_nowait() for _ in range(2)] == [{"n": 1}, {"n": 2}]
    assert killed == [(os.getpgrp(), signal.SIGKILL)]


@pytest.mark.parametrize(
    ("handler", "module"),
    [
        ("app.handler", "app"),
        ("folder/app.handler", "folder.app"),
        ("a.b.c.handler", "a.b.c"),
        ("handler", ""),
    ],
)
def test_the_module_of_a_handler(bootstrap: Callable[..., Any], handler: str, module: str) -> None:
    assert bootstrap(handler).module_name() == module


@pytest.mark.parametrize(
    ("handler", "code", "kind", "message"),
    [
        (
            "handler",
            "",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "app.handler",
            "import nowhere_at_all",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'nowhere_at_all'",
        ),
        ("app.handler", "x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        # An attribute that the module itself misses in another place.
        (
            "app.handler",
            "import os\nos.handler",
            "AttributeError",
            "module 'os' has no attribute 'handler'",
        ),
        (
            "app.handler",
            "class A: pass\nA().other",
            "AttributeError",
            "'A' object has no attribute 'other'",
        ),
        ("app.handler", "raise ValueError('at the import')", "ValueError", "at the import"),
        (
            "app.handler",
            "x = (",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': '(' was never closed (app.py, line 1)",
        ),
    ],
)
def test_a_handler_that_cannot_be_loaded(
    bootstrap: Callable[..., Any],
    told: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    handler: str,
    code: str,
    kind: str,
    message: str,
) -> None:
    (tmp_path / "app.py").write_text(code)
    program = bootstrap(handler)
    monkeypatch.setattr(program.os, "write", write_only_to(told[1]))
    program.invoke(program.load(), ORDER | {"deadline": 0})
    (answer,) = messages(told)
    payload = json.loads(answer["payload"])
    trace = payload.pop("stackTrace")
    assert payload == {"errorMessage": message, "errorType": kind, "requestId": "id"}
    assert answer["error"] is True
    # Of the function's own code alone.
    assert [line.split(",")[0].strip() for line in trace] == (
        [f'File "{tmp_path}/app.py"'] if kind in ("AttributeError", "ValueError") else []
    )


def write_only_to(control: int) -> Callable[[int, bytes], int]:
    """Keep the marks on standard output and error away from the test's own."""
    write = os.write
    return lambda end, content: write(end, content) if end == control else len(content)


def test_a_handler_runs(
    bootstrap: Callable[..., Any], told: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "app.py").write_text("def handle(event, context): return [event, context.log_group_name]")  # fmt: skip
    program, written = bootstrap("package/app.handle"), []
    write = os.write
    monkeypatch.setattr(
        program.os,
        "write",
        lambda end, content: write(end, content) if end == told[1] else written.append((end, content)),
    )
    program.invoke(program.load(), ORDER | {"deadline": 0})
    (answer,) = messages(told)
    assert json.loads(answer["payload"]) == [{"n": 1}, "the GROUP"]
    assert answer["error"] is False
    # The resident set of this process, in MB.
    assert 10 < answer["memory"] < 20_000
    # After all that the invocation wrote, on both.
    assert written == [(1, b"\n\0END id\n"), (2, b"\n\0END id\n")]


@pytest.mark.parametrize(
    ("platform", "resident", "shown"),
    [("linux", 300 * 1024 + 5, 300), ("darwin", 300 * 1024 * 1024 + 5, 300)],
)
def test_memory_is_told_in_megabytes(
    bootstrap: Callable[..., Any],
    told: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    resident: int,
    shown: int,
) -> None:
    program = bootstrap()
    usage = type("Usage", (), {"ru_maxrss": resident})
    monkeypatch.setattr(program.sys, "platform", platform)
    monkeypatch.setattr(program.resource, "getrusage", lambda who: usage)
    monkeypatch.setattr(program.os, "write", write_only_to(told[1]))
    program.invoke(lambda event, context: None, ORDER | {"deadline": 0})
    assert messages(told) == [{"payload": "null", "error": False, "memory": shown}]


def test_a_fault_is_one_event_of_the_log(
    bootstrap: Callable[..., Any],
    told: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program = bootstrap()
    monkeypatch.setattr(program.os, "write", write_only_to(told[1]))

    def fail(event: Any, context: Any) -> None:
        raise ValueError("no\nsuch thing")

    program.invoke(fail, ORDER | {"deadline": 0})
    (answer,) = messages(told)
    (frame,) = json.loads(answer["payload"])["stackTrace"]
    assert re.fullmatch(
        rf'  File "{re.escape(__file__)}", line \d+, in fail\n    raise ValueError\(.*\)\n', frame
    )
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    lines = out.rstrip("\n").split("\r")
    assert lines[:3] == ["[ERROR] ValueError: no", "such thing", "Traceback (most recent call last):"]
    assert lines[3:] == frame.splitlines()


def test_a_result_that_is_not_json_has_no_traceback(
    bootstrap: Callable[..., Any],
    told: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program = bootstrap()
    monkeypatch.setattr(program.os, "write", write_only_to(told[1]))
    circular: list[Any] = []
    circular.append(circular)
    for result, message in (
        ({1, 2}, "Object of type set is not JSON serializable"),
        (circular, "Circular reference detected"),
    ):
        program.invoke(lambda event, context, result=result: result, ORDER | {"deadline": 0})
        (answer,) = messages(told)
        message = f"Unable to marshal response: {message}"
        assert json.loads(answer["payload"]) == {
            "errorMessage": message,
            "errorType": "Runtime.MarshalError",
            "requestId": "id",
            "stackTrace": [],
        }
        assert capsys.readouterr().out == f"[ERROR] Runtime.MarshalError: {message}\n"


class Ended(BaseException):
    """Stands for the end of the process."""


def test_invocations_are_served_after_the_load(
    bootstrap: Callable[..., Any], told: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = bootstrap()
    served: list[Any] = []
    followed: queue.SimpleQueue[Any] = queue.SimpleQueue()
    opened, moved = [], []
    root = logging.getLogger()
    before, place = [*root.handlers], [*sys.path]

    def load() -> str:
        assert sys.path == ["/own", "/layer", *place, "/aws"]
        assert isinstance(root.handlers[-1], program.LogHandler)
        return "the handler"

    def invoke(handler: str, order: Any) -> None:
        served.append((handler, order))
        if order == 2:
            raise Ended

    ticks = iter([10.0, 10.0125])
    monkeypatch.setattr(program.time, "monotonic", lambda: next(ticks, 11.0))
    monkeypatch.setattr(program, "load", load)
    monkeypatch.setattr(program, "invoke", invoke)
    monkeypatch.setattr(program, "follow_parent", followed.put)
    monkeypatch.setattr(program.os, "dup", lambda end: {0: 77}[end])
    monkeypatch.setattr(program.os, "fdopen", lambda *asked: asked)
    monkeypatch.setattr(program.os, "open", lambda *asked: opened.append(asked) or 78)
    monkeypatch.setattr(program.os, "dup2", lambda *ends: moved.append(ends))
    program.orders.put(1)
    program.orders.put(2)
    try:
        with pytest.raises(Ended):
            program.main()
    finally:
        monkeypatch.undo()
        for handler in set(root.handlers) - set(before):
            root.removeHandler(handler)
    assert served == [("the handler", 1), ("the handler", 2)]
    assert messages(told) == [{"init": 12.5}]
    assert followed.get(timeout=10) == (77, "rb")
    # What a handler reads is empty, and not the parent's.
    assert (opened, moved) == ([(os.devnull, os.O_RDONLY)], [(78, 0)])
