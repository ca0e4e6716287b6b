"""`python3 -m strata.setup`: install what `make demo` and `make test` need; resumable.

Every Python 3 must be able to read this file, so that an old one gets one clear line: no syntax after 3.5.
"""

import os
import subprocess
import sys

NAMES = ("python3.11", "python3.12", "python3.13", "python3.14")
CHECK = "import sys; sys.exit(sys.version_info < (3, 11))"


def main() -> int:
    """Run set-up by a Python that can."""
    if sys.version_info >= (3, 11):
        from strata.setup.command import main as run

        return run()
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for name in NAMES:
            path = os.path.join(folder, name)
            if os.path.exists(path) and _answers(path):
                os.execv(path, [path, "-m", "strata.setup", *sys.argv[1:]])
    sys.stderr.write(
        "set-up: Python 3.11 to 3.14 is needed, and this is {}.{}.{}"
        " (install python3.11, or another of them, and put it on PATH)\n".format(*sys.version_info[:3])
    )
    return 1


def _answers(path: str) -> bool:
    # A version manager has shims for versions that are not installed: run it to know.
    with open(os.devnull, "w") as nowhere:
        return subprocess.call([path, "-c", CHECK], stdout=nowhere, stderr=nowhere) == 0


if __name__ == "__main__":
    sys.exit(main())
