"""What `test_warm.py` runs: shows what it is given, and ends as it is told."""

import os
import signal
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "raise":
        raise ValueError(what)
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "wait":
        Path(rest[0]).write_text(str(os.getpid()))
        time.sleep(600)
    print([what, *rest], dict(os.environ), os.getcwd(), sep="\n")
    print(sys.stdin.read(), end="")
    print("to stderr", file=sys.stderr)
    sys.exit(int(what))
