"""What EventBridge and its Scheduler have in common: a clock that finds what is due, and a delivery."""

from __future__ import annotations

import datetime
import logging
import threading
from abc import abstractmethod
from typing import Any, ClassVar

from strata.cloud.aws.events.delivery import Delivery
from strata.cloud.aws.service import Service

# A schedule is exact to the minute.
_CLOCK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class DeliveringService(Service):
    """A service that invokes targets while it runs, also at their times; `invokes` says so of a target."""

    invokes: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self._delivery: Delivery | None = None
        self._stopped = threading.Event()
        self._clock: threading.Thread | None = None

    @abstractmethod
    def run_due(self, now: datetime.datetime) -> None:
        """Invoke the targets whose time has come, each at most once, whatever was missed."""

    @property
    def delivery(self) -> Delivery:
        """What invokes targets, while the service runs."""
        assert self._delivery is not None, f"{self.name} has not started"
        return self._delivery

    def start(self) -> None:
        """Start the delivery, then take what is asked, and look at the clock."""
        self._delivery = Delivery()
        super().start()
        self._stopped.clear()
        self._clock = threading.Thread(target=self._run, name=f"{self.name}-clock", daemon=True)
        self._clock.start()

    def stop(self) -> None:
        """Stop; what is not delivered yet is lost."""
        self._stopped.set()
        if self._clock is not None:
            self._clock.join()
            self._clock = None
        super().stop()
        if self._delivery is not None:
            self._delivery.stop()
            self._delivery = None

    def unfinished(self) -> str:
        """Name a target that is being invoked."""
        arn = self._delivery.invoked() if self._delivery else ""
        return self.invokes.format(arn) if arn else ""

    def state(self) -> Any:
        """Return the deliveries that wait for another try."""
        return self._delivery.waiting() if self._delivery else None

    def load(self, state: Any) -> None:
        """Wait for the same deliveries."""
        if self._delivery is not None:
            self._delivery.wait_for(state or ())

    def _run(self) -> None:
        while not self._stopped.wait(_CLOCK_SECONDS):
            try:
                self.run_due(datetime.datetime.now(datetime.UTC))
            except Exception:
                # The clock of the others goes on.
                _log.exception("a schedule could not be run")
