"""Between a job in its thread and the controller in the Tk thread: asks there, waits here."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from gui.archive.job import Job

_OFFLINE_S: Final = 1.0
"""How long a picture may take to be found while there is no connection: only from the disk."""


class Archives(Protocol):
    """What is needed of the controller; called in the Tk thread."""

    def gather(
        self, room: bytes, progress: Callable[[int, int], None], done: Callable[[str], None]
    ) -> int:
        """Fetch the whole history of a room."""

    def fetch(
        self, room: bytes, sha256: bytes, size: int, answer: Callable[[Path | None, str], None]
    ) -> int:
        """Fetch a picture or a file."""

    def cancel(self, request: int) -> None:
        """End one of the two."""


class Carrier:
    """Made and cancelled in the Tk thread; ``gather`` and ``fetch`` are the job's."""

    def __init__(
        self, archives: Archives, online: Callable[[], bool], room: bytes, offline: str,
        call: Callable[[Callable[[], None]], None],
    ) -> None:  # fmt: skip
        """``offline`` is the sentence for it; ``call`` brings work into the Tk thread."""
        self._archives = archives
        self._online = online
        self._room = room
        self._offline = offline
        self._call = call
        self._request = 0
        self._over = False
        self.job: Job | None = None

    def cancel(self) -> None:
        """Ask for nothing any more, and end what is under way."""
        self._over = True
        if self.job is not None:
            self.job.cancel()
        self._end()

    def gather(self, heard: Callable[[int, int], None]) -> str:
        """Have the history fetched; return why it failed, or an empty string."""
        assert self.job is not None

        def begin(answer: Callable[[str], None]) -> None:
            def ask() -> int:
                return self._archives.gather(self._room, heard, answer)

            self._call(lambda: self._ask(ask))

        return self.job.wait(begin)

    def fetch(self, sha256: bytes, size: int) -> Path | str:
        """Have a picture or a file fetched; return where it is, or why it is not."""
        assert self.job is not None

        def begin(answer: Callable[[Path | str], None]) -> None:
            def got(path: Path | None, why: str) -> None:
                answer(path if path is not None else why or self._offline)

            def ask() -> int:
                return self._archives.fetch(self._room, sha256, size, got)

            self._call(lambda: self._ask(ask))

        try:
            return self.job.wait(begin, None if self._online() else _OFFLINE_S)
        except TimeoutError:
            self._call(self._end)
            return self._offline

    def _ask(self, ask: Callable[[], int]) -> None:
        if not self._over:
            self._request = ask()

    def _end(self) -> None:
        if self._request:
            self._archives.cancel(self._request)
            self._request = 0
