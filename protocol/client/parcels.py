"""Pictures and files of one's own on their way out: prepared, noted on disk, carried, said.

A worker reads and shrinks; the network thread does the rest. An upload is in the store from
before its first byte leaves until its message is in the outbox, both in one transaction, so
what the end of the program has cut off goes on at the next start, if the file is
still what it was. Owned by the client's network thread.
"""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from protocol.client.composing import posted
from protocol.client.documents import Document, clean_name, prepare_document
from protocol.client.happenings import Failed, Happening, Resumed
from protocol.client.operations import DropUpload, PutUpload, UploadRow
from protocol.client.pictures import Picture, prepare
from protocol.client.requests import CANCELLED
from protocol.client.session import Session
from protocol.codes import EventKind
from protocol.errors import SetupError, WireError
from protocol.items import encode_item

log = logging.getLogger("client")

CLOSING = "the program is closing"
HELD_MAX = 8
"""Files that are read or carried at a time: their bytes are in memory, at most 10 MB each."""
_OTHER = "was moved or changed before it was sent; send it again"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A picture or a file that is ready, and where it goes."""

    row: UploadRow
    content: Picture | Document

    @property
    def body(self) -> dict[str, object]:
        """The body of its message."""
        return {**self.content.body(self.row.caption), **posted(self.row.reply, (), "")}


class Parcels:
    """All that are on their way."""

    def __init__(
        self,
        unfinished: Iterable[UploadRow],
        post: Callable[[Callable[[int], None]], None],
        tell: Callable[[Happening], None],
        session: Callable[[], Session],
    ) -> None:
        """``post`` has something called in the network thread; ``session`` gives that of now."""
        self._unfinished = list(unfinished)
        self._number = max((row.number for row in self._unfinished), default=0)
        self._post = post
        self._tell = tell
        self._session = session
        self._carry: Callable[[int, Parcel], None] | None = None
        self._worker = ThreadPoolExecutor(1, "parcels")
        self._waiting: dict[int, UploadRow] = {}
        """Whose turn has not come: request → row, in the order in which they came."""
        self._preparing: dict[int, UploadRow] = {}
        self._held = 0

    def use(self, carry: Callable[[int, Parcel], None]) -> None:
        """Have ``carry`` take the request and what is ready."""
        self._carry = carry

    def resume(self, number: Callable[[], int]) -> None:
        """Go on with what the last run has left; ``number`` draws request numbers."""
        rows, self._unfinished = self._unfinished, []
        for row in rows:
            request = number()
            name = clean_name(Path(row.path).name)
            self._tell(Resumed(request, row.room, row.kind, name))
            self._prepare(request, row)

    def send(
        self,
        request: int,
        room: bytes,
        kind: EventKind,
        path: Path,
        caption: str,
        reply: int,
        shrink: bool,
    ) -> None:
        """Begin with a file."""
        self._number += 1
        row = UploadRow(
            self._number, room, int(kind), str(path.absolute()), -1, 0, caption, reply, shrink
        )
        self._prepare(request, row)

    def cancel(self, request: int) -> bool:
        """Forget what is being prepared; False: it is not here."""
        row = self._waiting.pop(request, None) or self._preparing.pop(request, None)
        if row is None:
            return False
        self._forget(row)
        self._tell(Failed(request, 0, CANCELLED))
        return True

    def carried(self, request: int, parcel: Parcel) -> None:
        """The server has the bytes: say it."""
        self._let_go()
        self._forget(parcel.row)
        session = self._session()
        session.say(request, parcel.row.room, EventKind(parcel.row.kind), parcel.body)

    def failed(self, parcel: Parcel) -> None:
        """It will not be carried; whoever waits for it was told."""
        self._let_go()
        self._forget(parcel.row)

    def close(self) -> None:
        """No more work for the worker."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _forget(self, row: UploadRow) -> None:
        self._session().out.operations.append(DropUpload(row.number))

    def _prepare(self, request: int, row: UploadRow) -> None:
        self._waiting[request] = row
        self._begin_next()
        if request in self._waiting:
            # Its turn may come after the program has been started again.
            self._session().out.operations.append(PutUpload(row))

    def _begin_next(self) -> None:
        while self._waiting and self._held < HELD_MAX:
            request, row = next(iter(self._waiting.items()))
            del self._waiting[request]
            self._held += 1
            self._preparing[request] = row
            try:
                self._worker.submit(self._read, request, row)
            except RuntimeError:  # the client is being stopped
                self._tell(Failed(request, 0, CLOSING))

    def _let_go(self) -> None:
        self._held -= 1
        self._begin_next()

    def _read(self, request: int, row: UploadRow) -> None:
        """In the worker: make it ready, then go back to the network thread."""
        result: Parcel | str
        try:
            result = _ready(row)
        except SetupError as error:
            result = str(error)
        except Exception:
            log.exception("prepare_failed")
            result = "something went wrong in this program"
        self._post(lambda _: self._prepared(request, result))

    def _prepared(self, request: int, result: Parcel | str) -> None:
        row = self._preparing.pop(request, None)
        if row is None:
            self._let_go()
            return  # cancelled meanwhile
        if isinstance(result, str):
            self._let_go()
            self._forget(row)
            self._tell(Failed(request, 0, result))
        elif self._carry is not None:
            self._session().out.operations.append(PutUpload(result.row))
            self._carry(request, result)


def _ready(row: UploadRow) -> Parcel:
    """Read the file of a row; raise :class:`SetupError` if it is not what it was."""
    path = Path(row.path)
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        if row.size >= 0:
            raise SetupError(f"{path.name} {_OTHER}") from None
        words = error.strerror if isinstance(error, OSError) else "not a path"
        raise SetupError(f"{path.name} cannot be read: {words}") from None
    if row.size >= 0 and (found.st_size, found.st_mtime_ns) != (row.size, row.mtime_ns):
        raise SetupError(f"{path.name} {_OTHER}")
    row = replace(row, size=found.st_size, mtime_ns=found.st_mtime_ns)
    image = row.kind == EventKind.IMAGE
    parcel = Parcel(row, prepare(path, row.shrink) if image else prepare_document(path))
    try:
        encode_item(EventKind(row.kind), parcel.body)
    except WireError as error:  # better now than when all its bytes are there
        raise SetupError(f"{error.field} {error.text}") from None
    return parcel
