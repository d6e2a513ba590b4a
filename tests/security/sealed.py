"""Seals itself as the darkroom's child does, tries what a decoder taken over would, and tells.

Run as ``python -m tests.security.sealed PID PATH``: another process of the same person, and a file
that is there. Prints one line for each attempt: its name, and the error or "done".
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

from protocol.client import seal

MEMORY = 256 * 1024 * 1024


def attempts(pid: int, path: str) -> dict[str, Callable[[], object]]:
    def connect() -> None:
        with socket.socket() as one:
            one.connect(("127.0.0.1", 9))

    return {
        "read": lambda: os.open(path, os.O_RDONLY),
        "write": lambda: os.open(path, os.O_WRONLY | os.O_CREAT),
        "remove": lambda: os.unlink(path),
        "list": lambda: os.listdir("/"),
        "connect": connect,
        "signal": lambda: os.kill(pid, 0),
        "run": lambda: subprocess.run(["true"], check=False),
        "thread": lambda: threading.Thread(target=int).start(),
        "grow": lambda: bytearray(MEMORY),
    }


def main() -> None:
    ways = attempts(int(sys.argv[1]), sys.argv[2])
    seal.limit(MEMORY)
    seal.close()
    for name, way in ways.items():
        try:
            way()
            told = "done"
        except Exception as error:
            told = type(error).__name__
        print(name, told, flush=True)


if __name__ == "__main__":
    main()
