"""`python -m strata.cloud`: serve the embedded cloud until told to stop.

Prints the endpoints as one JSON line when everything listens. SIGTERM, SIGINT, or the end of standard input
(the parent is gone) stop it.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from strata.checkout.imports import left_out
from strata.cloud import WARM_PROCESSES
from strata.errors import StrataError

_STOP_SECONDS = 2.5


class _Stop(BaseException):
    """Raised in the main thread by a signal."""


def main() -> NoReturn:
    """Serve; exit with 0 when told to stop, with the error's code when the cloud cannot start."""
    arguments = _arguments()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    threading.Thread(target=_watch_parent, name="parent-watch", daemon=True).start()
    code = 0
    try:
        _serve(arguments)
    except _Stop:
        pass
    except StrataError as error:
        print(f"error: {error}", file=sys.stderr)
        code = error.exit_code
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: a worker thread in the middle of a task must not keep the process.
    os._exit(code)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m strata.cloud", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the cloud keeps its files")
    parser.add_argument("--account-id", default="111122223333", help="the AWS account, 12 digits")
    parser.add_argument("--region", default="eu-west-1", help="the AWS region")
    parser.add_argument("--aws-port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--snowflake-port", type=int, default=0, help="0 for a free one")
    parser.add_argument(
        "--any-key", action="store_true", help="take an unknown access key for the account's root"
    )
    parser.add_argument(
        "--warm-processes",
        type=int,
        default=WARM_PROCESSES,
        help="Spark processes kept warm for Glue, 0 for none",
    )
    return parser.parse_args()


def _serve(arguments: argparse.Namespace) -> None:
    # Of what is imported nothing becomes garbage; the collections are a quarter of the start.
    gc.disable()
    from strata.cloud.embedded import EmbeddedCloud

    cloud = EmbeddedCloud(
        arguments.directory,
        account_id=arguments.account_id,
        region=arguments.region,
        aws_port=arguments.aws_port,
        snowflake_port=arguments.snowflake_port,
        warm_processes=arguments.warm_processes,
        any_key=arguments.any_key,
    )
    try:
        # As long as it serves: Snowflake is loaded for its first client.
        with left_out("pandas"), cloud as endpoints:
            gc.freeze()
            gc.enable()
            if arguments.warm_processes:
                # While Terraform applies: the first jobs then find warm processes.
                cloud.warm_up()
            # The reader may be gone already; then the end of standard input follows.
            with contextlib.suppress(BrokenPipeError):
                print(endpoints.model_dump_json(), flush=True)
            _wait_for_signal()
    finally:
        # A signal may come when the cloud has started, and before `with` has it.
        cloud.stop()


def _wait_for_signal() -> NoReturn:
    """Wait until `_stop` is raised.

    Not by a lock: a signal that comes while the main thread lets another one run, before it waits, is only
    handled when the lock is released. The byte that a signal writes is there to be read.
    """
    read, written = os.pipe()
    os.set_blocking(written, False)
    signal.set_wakeup_fd(written)
    while True:
        os.read(read, 1)


def _stop(number: int, frame: Any) -> NoReturn:
    for again in (signal.SIGTERM, signal.SIGINT):
        signal.signal(again, signal.SIG_IGN)
    # Whatever hangs, the process ends; children watch their standard input and end with it.
    timer = threading.Timer(_STOP_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()
    raise _Stop


def _watch_parent() -> None:
    with contextlib.suppress(OSError, ValueError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
