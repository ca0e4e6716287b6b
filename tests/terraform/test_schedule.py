"""The order of work, without Terraform."""

from __future__ import annotations

import threading

import networkx
import pytest

from strata.terraform.schedule import longest_ways, run_graph

# Waits for: b and c for a, d for b and c, e for nothing, g for f, f for e, h for g.
EDGES = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("e", "f"), ("f", "g"), ("g", "h")]


def run(
    graph: networkx.DiGraph, parallelism: int, failing: str = ""
) -> tuple[list[str], list[tuple[str, str]]]:
    order: list[str] = []
    skipped: list[tuple[str, str]] = []

    def task(node: str) -> bool:
        order.append(node)
        return node not in failing

    run_graph(
        graph,
        task,
        parallelism=parallelism,
        on_skip=lambda node, failed: skipped.append((node, failed)),
        stop=lambda: None,
    )
    return order, skipped


def test_the_longest_way_ahead_goes_first() -> None:
    graph = networkx.DiGraph(EDGES)
    assert longest_ways(graph) == {"a": 3, "b": 2, "c": 2, "d": 1, "e": 4, "f": 3, "g": 2, "h": 1}
    assert run(graph, 1) == (["e", "a", "f", "b", "c", "g", "d", "h"], [])


def test_a_failure_takes_its_descendants_only() -> None:
    order, skipped = run(networkx.DiGraph(EDGES), 1, failing="bf")
    assert order == ["e", "a", "f", "b", "c"]
    assert skipped == [("g", "f"), ("h", "f"), ("d", "b")]


@pytest.mark.parametrize(("parallelism", "most"), [(1, 1), (2, 2), (9, 3)])
def test_what_is_ready_runs_at_once_up_to_the_limit(parallelism: int, most: int) -> None:
    lock, running, seen = threading.Lock(), [0], [0]
    meet = threading.Barrier(most)

    def task(node: str) -> bool:
        with lock:
            running[0] += 1
            seen[0] = max(seen[0], running[0])
        if most > 1 and node in "xyz"[:most]:
            meet.wait(10)
        with lock:
            running[0] -= 1
        return True

    graph = networkx.DiGraph()
    graph.add_nodes_from("xyz")
    run_graph(graph, task, parallelism=parallelism, on_skip=lambda *_: None, stop=lambda: None)
    assert seen == [most]


def test_an_unforeseen_error_stops_the_rest_and_is_raised() -> None:
    stopped = threading.Event()

    def task(node: str) -> bool:
        if node == "a":
            raise ZeroDivisionError
        return stopped.wait(10)

    graph = networkx.DiGraph([("a", "b")])
    graph.add_node("c")
    with pytest.raises(ZeroDivisionError):
        run_graph(graph, task, parallelism=2, on_skip=lambda *_: None, stop=stopped.set)
    assert stopped.is_set()
