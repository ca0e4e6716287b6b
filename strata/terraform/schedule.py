"""The order of work: everything that is ready at once, the longest way ahead first."""

from __future__ import annotations

import queue
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx


def run_graph(
    graph: networkx.DiGraph,
    task: Callable[[str], bool],
    *,
    parallelism: int,
    on_skip: Callable[[str, str], None],
    stop: Callable[[], None],
) -> None:
    """Run `task` for every node, each after its predecessors, in threads.

    Args:
        graph: an edge a -> b says that b waits for a.
        task: does one node's work; False says that it failed.
        parallelism: how many nodes run at once.
        on_skip: called with a node that cannot run and the failed node it waited for.
        stop: makes the running tasks end soon; called if this is interrupted, before the interrupt goes on.

    Raises:
        BaseException: what a task raised, after the running ones have ended.
    """
    waiting = {node: set(graph.predecessors(node)) for node in graph}
    rank = longest_ways(graph)
    running: set[str] = set()
    done: queue.SimpleQueue[tuple[str, bool, BaseException | None]] = queue.SimpleQueue()

    def work(node: str) -> None:
        try:
            done.put((node, task(node), None))
        except BaseException as error:
            done.put((node, False, error))

    with ThreadPoolExecutor(max_workers=parallelism, thread_name_prefix="unit") as threads:
        try:
            while waiting or running:
                ready = sorted(
                    (node for node in waiting if not waiting[node]), key=lambda node: (-rank[node], node)
                )
                for node in ready[: parallelism - len(running)]:
                    del waiting[node]
                    running.add(node)
                    threads.submit(work, node)
                node, succeeded, error = done.get()
                running.discard(node)
                if error is not None:
                    raise error
                for other in list(graph.successors(node)):
                    if other in waiting:
                        waiting[other].discard(node)
                if not succeeded:
                    _skip(graph, node, waiting, on_skip)
        except BaseException:
            stop()
            raise


def longest_ways(graph: networkx.DiGraph) -> dict[str, int]:
    """Return for each node how many nodes the longest way from it has."""
    import networkx

    ways: dict[str, int] = {}
    for node in reversed(list(networkx.topological_sort(graph))):
        ways[node] = 1 + max((ways[other] for other in graph.successors(node)), default=0)
    return ways


def _skip(
    graph: networkx.DiGraph, failed: str, waiting: dict[str, set[str]], on_skip: Callable[[str, str], None]
) -> None:
    import networkx

    lost: Collection[str] = networkx.descendants(graph, failed)
    for node in sorted(lost):
        if waiting.pop(node, None) is not None:
            on_skip(node, failed)
