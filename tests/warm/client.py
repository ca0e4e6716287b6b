"""Asks the warm process for one command: arguments, environment, folder and standard streams; ends as it did.

Run by `python -IS client.py SOCKET PROGRAM ARGUMENT...`; of the standard library only what starts at once.
"""

import marshal
import os
import socket
import sys


def main() -> int:
    """Ask; return the command's exit code."""
    asked = marshal.dumps((sys.argv[2:], dict(os.environb), os.getcwdb()))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(sys.argv[1])
        socket.send_fds(connection, [len(asked).to_bytes(8, "big")], [0, 1, 2])
        connection.sendall(asked)
        code = connection.recv(1)
    # Nothing comes where the process that ran it was killed.
    return code[0] if code else 137


if __name__ == "__main__":
    sys.exit(main())
