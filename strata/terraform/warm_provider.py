"""The AWS provider kept running between the commands of a plan, or of a batch of them.

Terraform starts a provider for each command, and this one takes a second to build its schemas. Started once
by `-debug`, as the Plugin SDK's documentation on debugging describes, it serves them all.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.terraform.process import CancelledError, ProcessGroup

_REATTACH = "TF_REATTACH_PROVIDERS"
_SAID = re.compile(rf"{_REATTACH}='(\{{.*\}})'")
_START_SECONDS = 30.0


def installed_aws_provider(data_dir: Path) -> Path | None:
    """The AWS provider's program as `init` has installed it in Terraform's data folder."""
    found = sorted((data_dir / "providers").glob("*/hashicorp/aws/*/*/terraform-provider-aws*"))
    return found[0].resolve() if found else None


class WarmProvider:
    """One running provider, stopped with this process at the latest.

    Args:
        program: the provider's program.
        environment: its environment; what Terraform would hand on from its own.
        cwd: where it runs, and so where a relative path in a resource leads.

    Attributes:
        program: the provider's program.
    """

    def __init__(self, program: Path, environment: Mapping[str, str], cwd: Path = Path("/")) -> None:
        self.program = program
        self._cwd = cwd
        self._environment = dict(environment)
        # It holds nothing that a kill could lose.
        self._processes = ProcessGroup(grace=0.0)
        self._thread: threading.Thread | None = None
        self._attachment: Mapping[str, Any] = {}
        self._said = threading.Event()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def attachment(self) -> Mapping[str, Any]:
        """Its part of TF_REATTACH_PROVIDERS, waited for; empty if it does not say it."""
        self._said.wait(_START_SECONDS)
        return self._attachment

    def start(self) -> None:
        """Start it."""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def attached(
        self, variables: Mapping[str, str], *, address: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Terraform's variables, with which it uses this provider beside those attached already.

        Args:
            variables: what Terraform gets.
            address: in the place of the provider's own, as Go's net.Addr: `Network` and `String`.
        """
        own = {
            name: {**found, **({"Addr": address} if address else {})}
            for name, found in self.attachment.items()
        }
        attached = json.loads(variables.get(_REATTACH) or "{}") | own
        return {**variables, **({_REATTACH: json.dumps(attached)} if attached else {})}

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        self._processes.stop()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        # Its socket is left behind when it is killed.
        with (
            tempfile.TemporaryDirectory(prefix="strata-provider-") as folder,
            contextlib.suppress(CancelledError, StrataError),
        ):
            self._processes.run(
                [str(self.program), "-debug"],
                cwd=self._cwd,
                env={**self._environment, "TMPDIR": folder},
                on_line=self._listen,
            )
        self._said.set()

    def _listen(self, line: str) -> None:
        if found := _SAID.search(line):
            self._attachment = json.loads(found[1])
            self._said.set()
