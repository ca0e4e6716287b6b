"""The process group of a Spark process. driver.py runs this file by its path."""

from __future__ import annotations

import contextlib
import glob
import os
import subprocess


def left_behind(known: set[int]) -> bool:
    """Whether a job has left a process in this group."""
    group = os.getpgrp()
    if os.path.isdir("/proc/self"):
        lines = []
        for status in glob.glob("/proc/[0-9]*/stat"):
            with contextlib.suppress(OSError), open(status) as file:
                pid, _, rest = file.read().partition(" (")
                # The name may hold spaces and brackets.
                state, _, its_group = rest.rpartition(") ")[2].split()[:3]
                lines.append((int(pid), int(its_group), state))
    else:
        shown = subprocess.run(
            ["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
        )
        lines = [(int(pid), int(its), state) for pid, its, state in map(str.split, shown.stdout.splitlines())]
    return any(its == group and pid not in known and state[0] != "Z" for pid, its, state in lines)
