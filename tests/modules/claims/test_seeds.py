"""Puts, deletes, kills and replays at random under one key: in the end the table agrees with the bucket."""

from __future__ import annotations

import random

import pytest

from .jobs import content, rows_of
from .world import Engine, Execution, Put, World

pytestmark = pytest.mark.terraform

SEEDS, GROUP = 200, 25
GOOD = [content("01,1", "02,2"), content("01,3"), content("02,4", "03,5", "04,6"), content()]
BAD = [b"", b"carrier,name\nUA,United\n"]


class Play:
    """One seed: a world and what happens in it."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = World(engine, versioned=self.random.random() < 0.8)
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
        for put in self.shuffled(self.world.puts):
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
            # S3's sequencers are of different lengths.
            self.sequencer += rng.choice([1, 16, 256])
            body = rng.choice(GOOD) if rng.random() < 0.85 else rng.choice(BAD)
            self.waiting.append(world.put(body, f"{self.sequencer:016X}".rstrip("0")))
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
            world.delete(rng.choice(world.puts) if rng.random() < 0.7 else None)
        else:
            for _ in range(rng.randint(1, 6)):
                if free := [execution for execution in self.running() if execution not in world.at_work]:
                    world.step(rng.choice(free))

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
        done = {
            one.put.number for one in world.executions.values() if one.end in ("RecordSuccess", "Duplicate")
        }
        there = [put for put in world.puts if put.body not in BAD and world.is_there(put)]
        shown = max(
            [*there, *(put for put in world.puts if put.number in done)],
            key=lambda put: put.number,
            default=None,
        )
        if shown is None:
            # Nothing is left to compare with; a killed run may have shown its version before that was deleted.
            assert world.rows() in [[], *(rows_of(put.body) for put in world.puts if put.body not in BAD)]
        else:
            assert world.rows() == rows_of(shown.body)
            assert world.claim().get("processed_etag", shown.etag) == shown.etag
            assert world.claim()["processed_sequencer"] == shown.sequencer
        assert world.claim()["status"] in ("SUCCEEDED", "FAILED", "SUPERSEDED")
        for execution in world.executions.values():
            put, end = execution.put, execution.end
            if end == "RecordSuccess":
                assert put.body not in BAD
            elif end == "Duplicate":
                assert any(
                    one.put.etag == put.etag
                    for one in world.executions.values()
                    if one.end == "RecordSuccess"
                )
            elif end == "Superseded":
                newer = shown is not None and shown.number > put.number
                assert newer or not world.is_there(put)
            elif end == "Failed":
                overtaken = "was overtaken" in str(execution.env.states.get_input())
                assert put.body in BAD or execution.crashed or overtaken
            else:
                assert end == "ABORTED"


@pytest.mark.parametrize("first", range(0, SEEDS, GROUP))
def test_the_table_agrees_with_the_bucket(engine: Engine, first: int) -> None:
    for seed in range(first, first + GROUP):
        play = Play(engine, seed)
        try:
            play.run()
            play.check()
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}\n{play.world.describe()}") from error
