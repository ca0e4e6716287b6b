"""The AWS provider kept running between the commands of a batch.

Terraform starts a provider for each command, and this one takes a second to build its schemas. Started once
by `-debug`, as the Plugin SDK's documentation on debugging describes, it serves them all.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.terraform.process import CancelledError, ProcessGroup

_SAID = re.compile(r"TF_REATTACH_PROVIDERS='(\{.*\})'")
_START_SECONDS = 30.0


def installed_aws_provider(root: Path) -> Path | None:
    """The AWS provider's program as `init` has installed it in a root."""
    found = sorted((root / ".terraform" / "providers").glob("*/hashicorp/aws/*/*/terraform-provider-aws*"))
    return found[0].resolve() if found else None


class WarmProvider:
    """One running provider, stopped with this process at the latest.

    Args:
        program: the provider's program.
        environment: its environment; what Terraform would hand on from its own.

    Attributes:
        attachment: its part of TF_REATTACH_PROVIDERS; empty if it did not answer.
    """

    attachment: Mapping[str, Any]

    def __init__(self, program: Path, environment: Mapping[str, str]) -> None:
        self._program = program
        self._environment = dict(environment)
        self._processes = ProcessGroup(grace=2.0)
        self._thread: threading.Thread | None = None
        self.attachment = {}
        self._said = threading.Event()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start it, and wait until it says how to attach to it."""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._said.wait(_START_SECONDS)

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        self._processes.stop()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(CancelledError, StrataError):
            self._processes.run(
                [str(self._program), "-debug"],
                cwd=Path("/"),
                env=self._environment,
                on_line=self._listen,
            )
        self._said.set()

    def _listen(self, line: str) -> None:
        if found := _SAID.search(line):
            self.attachment = json.loads(found[1])
            self._said.set()
