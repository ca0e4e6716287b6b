"""The program of a Lambda execution environment: what AWS's Python runtime interface client is in the cloud.

It runs by its path with the standard library only; started with one argument, a JSON object: `control` (file
descriptor for JSON lines to the parent), `path` (what follows on the import path), `handler`. It imports the
handler's module, then runs one invocation per line of standard input; when that ends, the parent is gone, and
so is this process. Error shapes: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import queue
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

OPTIONS: dict[str, Any] = json.loads(sys.argv[1])
orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
request_id = ""


class Context:
    """The second argument of a handler."""

    identity = None
    client_context = None

    def __init__(self, order: dict[str, Any]) -> None:
        self.aws_request_id: str = order["request_id"]
        self.invoked_function_arn: str = order["function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline: float = order["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds left until the function's timeout."""
        return max(0, int((self._deadline - time.time()) * 1000))

    def log(self, message: object) -> None:
        """Write to the log, as the runtime's own context can."""
        sys.stdout.write(str(message))


class LogHandler(logging.Handler):
    """Writes records as Lambda's runtime does."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = (
            f"[{record.levelname}]\t{moment}.{int(record.msecs):03d}Z\t{request_id}\t{self.format(record)}\n"
        )
        sys.stdout.write(line)


def tell(**message: Any) -> None:
    """Send one message to the parent."""
    os.write(OPTIONS["control"], (json.dumps(message) + "\n").encode())


def follow_parent(stream: Any) -> None:
    """Take invocations from the parent; end at once when it is gone."""
    for line in stream:
        orders.put(json.loads(line))
    os.killpg(os.getpgrp(), signal.SIGKILL)


def fault(kind: str, message: str, trace: list[str] | None = None) -> dict[str, Any]:
    """Return an error as the caller of a function gets it."""
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace or []}


def fault_of(error: BaseException) -> dict[str, Any]:
    """Return an exception of the function's code as an error, without the frames of this program."""
    own = {__file__, importlib.__file__}
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in own and not frame.filename.startswith("<frozen importlib")
    ]
    if isinstance(error, SyntaxError):
        return fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name()}': {error}")
    lines = traceback.format_list(frames)
    # The caller sees where AWS unpacks a function, not where it was unpacked here.
    task = OPTIONS["path"][0]
    trace = [line.replace(f'"{task}/', '"/var/task/') for line in lines]
    return fault(type(error).__name__, str(error), trace)


def module_name() -> str:
    """Return the module of the handler's name, `folder/module.function` or `package.module.function`."""
    name: str = OPTIONS["handler"].rpartition(".")[0].replace("/", ".")
    return name


def load() -> Callable[[Any, Context], Any]:
    """Return a function that runs the handler; if there is none, one that reports why."""
    problem: dict[str, Any]
    module, function = module_name(), OPTIONS["handler"].rpartition(".")[2]
    if not module:
        problem = fault(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{function}': not enough values to unpack (expected 2, got 1)",
        )
    else:
        try:
            return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]
        except ImportError as error:
            problem = fault("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}")
        except AttributeError as error:
            if error.name == function and error.obj is sys.modules.get(module):
                problem = fault(
                    "Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module}'"
                )
            else:
                problem = fault_of(error)
        except Exception as error:
            problem = fault_of(error)

    def report(event: Any, context: Context) -> Any:
        raise LoadError(problem)

    return report


class LoadError(Exception):
    """The handler could not be loaded; carries the error for the caller."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__()
        self.problem = problem


def invoke(handler: Callable[[Any, Context], Any], order: dict[str, Any]) -> None:
    """Run one invocation and report its result."""
    global request_id
    request_id = order["request_id"]
    problem = None
    payload = ""
    try:
        result = handler(json.loads(order["event"]), Context(order))
        try:
            # AWS's runtime passes bytes on as they are.
            payload = result.decode() if isinstance(result, bytes) else json.dumps(result)
        except (TypeError, ValueError) as error:
            problem = fault("Runtime.MarshalError", f"Unable to marshal response: {error}")
    except LoadError as error:
        problem = {**error.problem, "requestId": request_id}
    except Exception as error:
        problem = fault_of(error)
    if problem is not None:
        payload = json.dumps(problem)
        lines = [f"[ERROR] {problem['errorType']}: {problem['errorMessage']}\n"]
        if problem["stackTrace"]:
            lines += ["Traceback (most recent call last):\n", *problem["stackTrace"]]
        # One event in the log: the runtime's frames use carriage returns between their lines.
        sys.stdout.write("\r".join("".join(lines).splitlines()) + "\n")
    sys.stdout.flush()
    sys.stderr.flush()
    # The last line on each: then the parent has read all that the invocation wrote.
    for descriptor in (1, 2):
        os.write(descriptor, f"\n{order['end']}\n".encode())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tell(
        payload=payload,
        error=problem is not None,
        # Linux counts KiB, macOS bytes.
        memory=memory // (1024 * 1024 if sys.platform == "darwin" else 1024),
    )


def main() -> None:
    """Load the handler and serve invocations."""
    stream = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    threading.Thread(target=follow_parent, args=(stream,), daemon=True).start()
    # The function's own modules come before the standard library, as in the cloud; AWS's libraries after it.
    sys.path[:0] = OPTIONS["path"]
    sys.path += OPTIONS["libraries"]
    root = logging.getLogger()
    root.addHandler(LogHandler())
    start = time.monotonic()
    handler = load()
    tell(init=round((time.monotonic() - start) * 1000, 2))
    while True:
        invoke(handler, orders.get())


if __name__ == "__main__":
    main()
