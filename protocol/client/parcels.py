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
from protocol.client.happenings import Done, Failed, Happening, Resumed
from protocol.client.messages import kind_number
from protocol.client.operations import DropUpload, OutboxRow, PutUpload, UploadRow
from protocol.client.pictures import Picture, prepare
from protocol.client.requests import CANCELLED
from protocol.client.resending import GoneError, Resent, attached, prepare_again
from protocol.client.session import Session
from protocol.codes import ErrorCode, EventKind
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
        kept: Callable[[bytes], Path],
    ) -> None:
        """``post`` has something called in the network thread; ``session`` gives that of now.

        ``kept`` tells where bytes of a digest would be that were sent before.
        """
        self._unfinished = list(unfinished)
        self._number = max((row.number for row in self._unfinished), default=0)
        self._post = post
        self._tell = tell
        self._session = session
        self._kept = kept
        self._anew: dict[tuple[bytes, bytes, int], int] = {}
        """Refused messages whose bytes are on their way again → the request."""
        self._carry: Callable[[int, Parcel | Resent], None] | None = None
        self._worker = ThreadPoolExecutor(1, "parcels")
        self._waiting: dict[int, UploadRow | OutboxRow] = {}
        """Whose turn has not come: request → row, in the order in which they came."""
        self._preparing: dict[int, UploadRow | OutboxRow] = {}
        self._held = 0

    def use(self, carry: Callable[[int, Parcel | Resent], None]) -> None:
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

    def again(self, request: int, row: OutboxRow) -> None:
        """Send the bytes of a refused message anew, then the message: Resumed and so on.

        Done: they are under way already, for another request.
        """
        body = attached(row)
        name = (row.room, row.outbox_epoch, row.n)
        if body is None:
            self._session().again(request, row)
        elif name in self._anew:
            self._tell(Done(request))
        else:
            self._anew[name] = request
            self._tell(Resumed(request, row.room, kind_number(row.item), str(body["name"])))
            self._waiting[request] = row
            self._begin_next()

    def cancel(self, request: int) -> bool:
        """Forget what is being prepared; False: it is not here."""
        row = self._waiting.pop(request, None) or self._preparing.pop(request, None)
        if row is None:
            return False
        self._forget(row)
        self._tell(Failed(request, 0, CANCELLED))
        return True

    def carried(self, request: int, parcel: Parcel | Resent) -> None:
        """The server has the bytes: say it."""
        self._let_go()
        self._forget(parcel.row)
        session = self._session()
        if isinstance(parcel, Resent):
            session.again(request, parcel.row)
            return
        session.say(request, parcel.row.room, EventKind(parcel.row.kind), parcel.body)

    def failed(self, parcel: Parcel | Resent) -> None:
        """It will not be carried; whoever waits for it was told."""
        self._let_go()
        self._forget(parcel.row)

    def close(self) -> None:
        """No more work for the worker."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _forget(self, row: UploadRow | OutboxRow) -> None:
        if isinstance(row, OutboxRow):
            # It stays in the outbox as refused, until it is sent anew or thrown away.
            self._anew.pop((row.room, row.outbox_epoch, row.n), None)
            return
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

    def _read(self, request: int, row: UploadRow | OutboxRow) -> None:
        """In the worker: make it ready, then go back to the network thread."""
        result: Parcel | Resent | Failed
        try:
            result = self._ready(row)
        except SetupError as error:
            code = int(ErrorCode.NO_BLOB) if isinstance(error, GoneError) else 0
            result = Failed(request, code, str(error))
        except Exception:
            log.exception("prepare_failed")
            result = Failed(request, 0, "something went wrong in this program")
        self._post(lambda _: self._prepared(request, result))

    def _ready(self, row: UploadRow | OutboxRow) -> Parcel | Resent:
        return prepare_again(row, self._kept) if isinstance(row, OutboxRow) else _ready(row)

    def _prepared(self, request: int, result: Parcel | Resent | Failed) -> None:
        row = self._preparing.pop(request, None)
        if row is None:
            self._let_go()
            return  # cancelled meanwhile
        if isinstance(result, Failed):
            self._let_go()
            self._forget(row)
            self._tell(result)
        elif self._carry is not None:
            if isinstance(result, Parcel):
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
