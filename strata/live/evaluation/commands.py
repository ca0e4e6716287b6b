"""`run_cmd`: the one function that runs something; refused unless whoever reads the tree allows it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strata.live.evaluation.functions import FunctionError

_QUIET, _GLOBAL, _NO_CACHE = "--terragrunt-quiet", "--terragrunt-global-cache", "--terragrunt-no-cache"


@dataclass(frozen=True)
class Commands:
    """Runs commands as Terragrunt 1.1 does: in the unit's folder, the same one once.

    Args:
        environ: the commands' environment.
    """

    environ: Mapping[str, str]
    _answers: dict[tuple[str, ...], str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def run(self, arguments: Sequence[str], directory: Path) -> str:
        """What the command prints, without the last new line.

        Args:
            arguments: options of Terragrunt's own, then program and arguments.
            directory: where it runs.

        Raises:
            FunctionError: nothing to run, options that exclude each other, or the command fails.
        """
        rest = list(arguments)
        options: set[str] = set()
        while rest and rest[0] in (_QUIET, _GLOBAL, _NO_CACHE):
            options.add(rest.pop(0))
        if not rest or not rest[0]:
            raise FunctionError("`run_cmd` needs a command")
        if {_GLOBAL, _NO_CACHE} <= options:
            raise FunctionError(f"`run_cmd` takes either {_GLOBAL} or {_NO_CACHE}")
        key = ("" if _GLOBAL in options else str(directory), *rest)
        with self._lock:
            if key not in self._answers or _NO_CACHE in options:
                self._answers[key] = self._output(rest, directory)
            return self._answers[key]

    def _output(self, command: Sequence[str], directory: Path) -> str:
        try:
            done = subprocess.run(
                command, cwd=directory, env=dict(self.environ), capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise FunctionError(f"`run_cmd` cannot run {command[0]}: {error.strerror}") from None
        if done.returncode:
            message = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
            raise FunctionError(f"`run_cmd`: {command[0]} ended with {done.returncode}: {message}")
        return done.stdout.removesuffix("\n")
