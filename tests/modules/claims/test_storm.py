"""Many objects at once, each event twice, against the claims: every object once in the table, and nothing else.

The suite puts 30; `--storm-objects 2000` puts more.
"""

from __future__ import annotations

import gc
import logging
import random
import resource
import sys

import pytest
from moto.stepfunctions.parser.asl.component import eval_component

from .jobs import content, rows_of
from .world import Engine, Execution, World

pytestmark = pytest.mark.terraform

AT_ONCE, COLLECTED = 40, 100
# What moto keeps of an object, its claim and what two executions have left; the rest must go with them.
BYTES_PER_OBJECT = 200_000


def peak_bytes() -> int:
    """The most memory that this process has had."""
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if sys.platform == "darwin" else found * 1024


def test_every_object_of_a_storm_is_there_once(
    engine: Engine, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # moto logs every condition that fails with all that it knows of the state, and pytest keeps all logs.
    monkeypatch.setattr(logging.getLogger(eval_component.__name__), "disabled", True)
    count = request.config.getoption("--storm-objects")
    rng = random.Random(1)
    running: list[tuple[World, Execution]] = []
    open_worlds: dict[int, int] = {}
    begun = done = measured = 0
    ends: dict[str, int] = {}
    while done < count:
        while begun < count and len(running) < AT_ONCE:
            begun += 1
            world = World(engine)
            put = world.put(content(f"{begun % 28 + 1:02},{begun}"))
            # At least once: S3 and EventBridge deliver every event twice here.
            running += [(world, world.deliver(put)) for _ in range(2)]
            open_worlds[id(world)] = 2
        place = rng.randrange(len(running))
        world, execution = running[place]
        if execution.env.next_state_name == "AwaitClaim" and rng.random() < 0.9:
            # It waits for some seconds, in which the others work.
            continue
        engine.world = world
        world.step(execution)
        if execution.status == "RUNNING":
            continue
        running.pop(place)
        ends[execution.end] = ends.get(execution.end, 0) + 1
        open_worlds[id(world)] -= 1
        if open_worlds[id(world)] == 0:
            del open_worlds[id(world)]
            done += 1
            if done % COLLECTED == 0:
                # An execution's parts refer to each other; Python looks for such garbage when it has grown.
                gc.collect()
            assert world.rows() == rows_of(world.puts[0].body)
            assert world.claim()["status"] == "SUCCEEDED"
        if done == count // 4 and not measured:
            measured = peak_bytes()
    assert ends == {"RecordSuccess": count, "Duplicate": count}
    assert peak_bytes() - measured < BYTES_PER_OBJECT * count
