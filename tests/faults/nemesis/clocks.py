"""Wall clocks of single processes that are set while they run; never the system's clock.

A process that was started through :mod:`tests.faults.nemesis.tuned` with
:meth:`Clocks.environment` adds what its file says to its wall clock: ``time.time`` and
``time.time_ns``, which is all by which our programs ask for it. Monotonic time stays as it is.
(libfaketime is no way to do this: under it
``time.sleep`` of Python 3.11 fails with EINVAL, and changes come late.)
"""

import mmap
import os
import time
from pathlib import Path

CLOCK = "ZVIAZOK_TEST_CLOCK"
"""The environment variable that names a process's file."""

_BYTES = 8
_YEAR_NS = 365_2425 * 24 * 3_600 * 10**9 // 10_000


class Clocks:
    """One file a process, in a folder; each says how far its clock is off."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables under which the process ``name`` has a clock to be set."""
        if not self.has(name):
            self.set(name, 0)
        return {CLOCK: str(self._path(name))}

    def set(self, name: str, years: int) -> None:
        """Have a process see a time so many years off, at once."""
        # Written in place: the process has mapped it. 8 bytes at a page's start are written whole.
        handle = os.open(self._path(name), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(handle, (years * _YEAR_NS).to_bytes(_BYTES, "little", signed=True), 0)
        finally:
            os.close(handle)

    def has(self, name: str) -> bool:
        """Whether a process of this name was started with a clock to be set."""
        return self._path(name).exists()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.clock"


def follow_clock() -> None:
    """Have this process read its wall clock as the environment says, if it says so."""
    path = os.environ.get(CLOCK)
    if not path:
        return
    with open(path, "rb") as file:
        offset = mmap.mmap(file.fileno(), _BYTES, access=mmap.ACCESS_READ)
    system_ns = time.time_ns

    def time_ns() -> int:
        return system_ns() + int.from_bytes(offset[:_BYTES], "little", signed=True)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9
