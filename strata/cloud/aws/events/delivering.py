"""What EventBridge and its Scheduler have in common: times at which something is due, and a delivery."""

from __future__ import annotations

import datetime
from abc import abstractmethod
from typing import Any, ClassVar

from strata.cloud.aws.events.delivery import Delivery
from strata.cloud.aws.service import Service
from strata.cloud.clock import Clock, Timed


class DeliveringService(Service, Timed):
    """A service that invokes targets while it runs, also at their times; `invokes` says so of a target."""

    invokes: ClassVar[str]

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self._delivery: Delivery | None = None

    @abstractmethod
    def next_due(self, now: datetime.datetime) -> datetime.datetime | None:
        """Return when a target is invoked next; None if none is."""

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
        self._delivery = Delivery(self.clock)
        super().start()
        self.clock.follow(self)
        self.clock.follow(self._delivery)

    def stop(self) -> None:
        """Stop; what is not delivered yet is lost."""
        self.clock.leave(self)
        super().stop()
        if self._delivery is not None:
            self.clock.leave(self._delivery)
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
