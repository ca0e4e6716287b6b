"""Eight clients that add and remove at once: no fault, and every change is there afterwards.

The suite lets all actions meet in one storm. `--hammer-pairs` lets every pair of them meet alone.
"""

from __future__ import annotations

import itertools
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.cloud.aws.conftest import Aws
from tests.cloud.aws.gateway.actions import Kind, kinds, set_up

CLIENTS = 8
# Where state is kept and changed.
PAUSES = ("/moto/", "/strata/cloud/aws/")
Change = Callable[[], Any]


class Hammer:
    """All kinds over one server, and what must be there of each in the end."""

    def __init__(self, aws: Aws, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._numbers = itertools.count(1)
        names = (
            "s3",
            "dynamodb",
            "sqs",
            "sns",
            "events",
            "stepfunctions",
            "glue",
            "iam",
            "kms",
            "cloudwatch",
        )
        self.clients = {name: aws.client(name, max_pool_connections=CLIENTS) for name in names}
        self.kinds = kinds(set_up(self.clients.__getitem__))
        self.there: dict[str, set[str]] = {kind.id: set() for kind in self.kinds}
        self.gone: dict[str, set[str]] = {kind.id: set() for kind in self.kinds}

    def names(self, kind: Kind, count: int) -> list[str]:
        return [f"{kind.name}-x{next(self._numbers)}" for _ in range(count)]

    def additions(self, kind: Kind, count: int) -> list[Change]:
        """Changes that add things."""
        names = self.names(kind, count)
        self.there[kind.id].update(names)
        client = self.clients[kind.service]
        return [lambda name=name: kind.add(client, name) for name in names]  # type: ignore[misc]

    def removals(self, kind: Kind, count: int) -> list[Change]:
        """Changes that remove things, which are there when this returns."""
        if kind.remove is None:
            return []
        names = self.names(kind, count)
        client, remove = self.clients[kind.service], kind.remove
        for name in names:
            kind.add(client, name)
        self.gone[kind.id].update(names)
        return [lambda name=name: remove(client, name) for name in names]  # type: ignore[misc]

    def readings(self, kind: Kind, count: int) -> list[Change]:
        """Lists of what is there, which meet what is just being changed."""
        # To read messages is to take them.
        return (
            [] if kind.name == "message" else [lambda: list(kind.listed(self.clients[kind.service]))] * count
        )

    def run(self, changes: list[Change]) -> list[str]:
        """Carry out all changes, eight at a time; return their faults."""

        def carry_out(change: Change) -> str:
            try:
                change()
            except Exception as error:
                return f"{type(error).__name__}: {error}"
            return ""

        return [fault for fault in self._pool.map(carry_out, changes) if fault]

    def lost(self, kind: Kind) -> list[str]:
        """What is missing, and what is there though it was removed."""
        listed = list(kind.listed(self.clients[kind.service]))
        found = set(listed)
        return [
            *(f"{kind.id}: {name} is missing" for name in sorted(self.there[kind.id] - found)),
            *(f"{kind.id}: {name} was removed" for name in sorted(self.gone[kind.id] & found)),
            *(f"{kind.id}: {name} is there twice" for name in sorted(found) if listed.count(name) > 1),
        ]

    def clear(self, kind: Kind) -> None:
        """Remove what was added, so that nothing reaches a quota of AWS's."""
        assert kind.remove is not None
        for name in self.there[kind.id]:
            kind.remove(self.clients[kind.service], name)
        self.there[kind.id].clear()
        self.gone[kind.id].clear()


class Dawdler:
    """Makes the server's threads pause within moto and Strata, so that requests meet there."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        self._own: dict[Any, bool] = {}

    def __call__(self, frame: Any, event: str, _: Any) -> None:
        if event != "call":
            return
        code = frame.f_code
        if (own := self._own.get(code)) is None:
            file = code.co_filename
            own = self._own[code] = any(part in file for part in PAUSES) and "/core/" not in file
        if own and self._random.random() < 0.03:
            time.sleep(0.001)


@pytest.fixture
def hammer(aws: Aws) -> Iterator[Hammer]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        # The clients' own threads begin before those that dawdle.
        barrier = threading.Barrier(CLIENTS)
        list(pool.map(lambda _: barrier.wait(10), range(CLIENTS)))
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        threading.setprofile(Dawdler())
        try:
            yield Hammer(aws, pool)
        finally:
            threading.setprofile(None)
            sys.setswitchinterval(before)


def test_changes_of_eight_clients_are_all_there(hammer: Hammer) -> None:
    changes = []
    order = random.Random(1)
    for kind in order.sample(hammer.kinds, len(hammer.kinds)):
        # Side by side what changes the same things; neighbours overlap.
        burst = [*hammer.additions(kind, CLIENTS), *hammer.removals(kind, 3), *hammer.readings(kind, 1)]
        order.shuffle(burst)
        changes += burst
    assert hammer.run(changes) == []
    assert [text for kind in hammer.kinds for text in hammer.lost(kind)] == []


def test_every_pair_of_changes(hammer: Hammer, request: pytest.FixtureRequest) -> None:
    """Half of the clients do the one, half the other, while each kind is listed once."""
    count = request.config.getoption("--hammer-pairs")
    if not count:
        pytest.skip("asked for by --hammer-pairs")
    makers = [
        (kind, make)
        for kind in hammer.kinds
        for make in (hammer.additions, hammer.removals)
        if kind.remove is not None or make == hammer.additions
    ]
    pairs = list(itertools.combinations_with_replacement(makers, 2))
    faults: list[str] = []
    for number, ((one, make), (other, make_other)) in enumerate(pairs):
        both = zip(make(one, count * CLIENTS), make_other(other, count * CLIENTS), strict=True)
        removable = {kind.id: kind for kind in (one, other) if kind.remove is not None}
        lists = [change for kind in removable.values() for change in hammer.readings(kind, 1)]
        faults += hammer.run([*lists, *(change for pair in both for change in pair)])
        for kind in removable.values():
            faults += hammer.lost(kind)
            hammer.clear(kind)
        assert faults == [], (
            f"after {number} pairs: {one.id} {make.__name__}, {other.id} {make_other.__name__}"
        )
    assert [text for kind in hammer.kinds for text in hammer.lost(kind)] == []
