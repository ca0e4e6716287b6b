"""Puts, deletions, kills and replays at random under one key: in the end the table agrees with the bucket.

The suite plays 25 seeds: `pytest tests/modules/claims/test_seeds.py --claim-seeds 200` plays more.
"""

from __future__ import annotations

import random

import pytest

from .jobs import content, rows_of
from .world import Engine, Execution, Put, World

pytestmark = pytest.mark.terraform

GROUP = 13
GOOD = [content("01,1", "02,2"), content("01,3"), content("02,4", "03,5", "04,6"), content()]
BAD = [b"", b"carrier,name\nUA,United\n"]


class Play:
    """One seed: a world and what happens in it."""

    def __init__(self, engine: Engine, seed: int, ending: str = ".csv") -> None:
        self.random = random.Random(seed)
        self.world = World(engine, versioned=self.random.random() < 0.8, ending=ending)
        # What is empty under such a key is a folder, which is not refused.
        self.bad = BAD[1:] if ending == "/" else BAD
        self.waiting: list[Put] = []
        self.moves = self.random.randint(5, 14)
        self.sequencer = 0x617F08299329D000

    def run(self) -> None:
        """Events, kills and deletes in any order; then every event that is left, and each once more."""
        self.world.between = self.between
        while self.moves > 0:
            self.move()
        self.world.between = lambda: None
        for put in self.shuffled(self.waiting):
            self.world.deliver(put)
        self.finish_all()
        for put in self.shuffled([*self.world.puts, *self.world.deletions]):
            self.world.deliver(put)
            if self.random.random() < 0.5:
                self.finish_all()
        self.finish_all()

    def move(self) -> None:
        """Let one thing happen."""
        self.moves -= 1
        world, rng = self.world, self.random
        running = self.running()
        choice = rng.random()
        if (choice < 0.25 and len(world.puts) < 4) or not world.puts:
            body = rng.choice(GOOD) if rng.random() < (0.85 if self.bad == BAD else 0.5) else rng.choice(BAD)
            self.waiting.append(world.put(body, self.next_sequencer()))
        elif choice < 0.5 and self.waiting:
            # Events come late, in any order, and more than once.
            put = rng.choice(self.waiting)
            world.deliver(put)
            if rng.random() < 0.8:
                self.waiting.remove(put)
        elif choice < 0.58 and running:
            world.kill(rng.choice(running))
        elif choice < 0.64 and world.at_work:
            world.at_work[-1].crashed = True
        elif choice < 0.70:
            put = rng.choice(world.puts) if rng.random() < 0.7 else None
            self.waiting.append(world.delete(put, self.next_sequencer()))
        else:
            for _ in range(rng.randint(1, 6)):
                if free := [execution for execution in self.running() if execution not in world.at_work]:
                    world.step(rng.choice(free))

    def next_sequencer(self) -> str:
        """S3's sequencers are of different lengths."""
        self.sequencer += self.random.choice([1, 16, 256])
        return f"{self.sequencer:016X}".rstrip("0")

    def between(self) -> None:
        """In the middle of a job something else may happen."""
        if self.moves > 0 and len(self.world.at_work) < 3 and self.random.random() < 0.12:
            self.move()

    def running(self) -> list[Execution]:
        return [one for one in self.world.executions.values() if one.status == "RUNNING"]

    def finish_all(self) -> None:
        """Let all executions go on, in any order, until none is left."""
        for _ in range(2000):
            running = self.running()
            if not running:
                return
            self.world.step(self.random.choice(running))
        raise AssertionError(f"they wait for each other: {[one.visited[-6:] for one in self.running()]}")

    def shuffled(self, puts: list[Put]) -> list[Put]:
        return self.random.sample(puts, len(puts))

    def check(self) -> None:
        """The table against the bucket, and every execution's end against both."""
        world = self.world
        current = world.current()
        if current is None and world.deletions:
            assert world.rows() == []
        elif current is not None and current.body not in self.bad:
            assert world.rows() == rows_of(current.body)
            assert world.claim()["processed_etag"] == current.etag
        else:
            # The newest version is refused: the table shows one that came before it.
            assert world.rows() in [
                [],
                *(rows_of(put.body) for put in world.puts if put.body not in self.bad),
            ]
        assert world.claim()["status"] in ("SUCCEEDED", "FAILED", "FOLDER", "SUPERSEDED")
        for execution in world.executions.values():
            put, end = execution.put, execution.end
            deletion = put in world.deletions
            if end == "RecordSuccess":
                assert put.body not in self.bad or deletion
            elif end == "RecordFolder":
                assert world.key.endswith("/")
                assert put.body == b""
                assert not {"Clean", "Remove"} & set(execution.visited)
            elif end == "Duplicate":
                ends = ("RecordFolder", "RecordSuccess")
                assert any(one.end in ends for one in world.executions.values())
            elif end == "Superseded":
                newer = any(other.number > put.number for other in [*world.puts, *world.deletions])
                assert newer or not world.is_there(put)
            elif end == "Failed":
                overtaken = "was overtaken" in str(execution.env.states.get_input())
                # A deletion may show a version that is refused.
                assert put.body in self.bad or deletion or execution.crashed or overtaken
            else:
                assert end == "ABORTED"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play the seeds in groups, which workers share."""
    seeds = range(metafunc.config.getoption("--claim-seeds"))
    groups = [(seeds[first : first + GROUP], ".csv") for first in range(0, len(seeds), GROUP)]
    metafunc.parametrize(("seeds", "ending"), [*groups, (range(12), "/")])


def test_the_table_agrees_with_the_bucket(engine: Engine, seeds: range, ending: str) -> None:
    for seed in seeds:
        play = Play(engine, seed, ending)
        try:
            play.run()
            play.check()
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}\n{play.world.describe()}") from error
