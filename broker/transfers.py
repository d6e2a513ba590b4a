"""Pictures and files on their way up and down, a step at a time.

In each turn a few steps are done, one for each session in rotation, so that nobody's picture waits
for the end of another's, and no READ for any. A session that has had more than its person's portion
rests. Answers that cannot be sent are dropped: the client asks again.

Owned by the reader's thread; what it sends and refuses goes through the reader.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator

from broker.blobs import BlobStore, Uploader
from broker.journal import History
from broker.portions import Portions
from broker.rights import Rights
from broker.turns import Turns
from protocol.codes import ErrorCode
from protocol.errors import WireError
from protocol.frames import KIND_OF, AnyFrame, BlobChunk, BlobData, BlobGet, BlobHave, BlobPut
from protocol.limits import CHUNK_MAX_BYTES

_STEPS_MAX = 8
"""Steps of pictures between two looks at the socket: bounds how long a READ waits."""
_BULK_MAX = 512
"""Blob frames that wait, of all sessions: 32 MiB of chunks."""
_BULK_PER_SESSION_MAX = 16
"""Blob frames of one session that wait: twice the window of an upload."""

Session = tuple[bytes, bytes]
"""A gateway's routing id and the slot as it stands on the wire."""

Send = Callable[[Session, AnyFrame], bool]
"""Sends an answer; False if it cannot be sent."""

Guarded = Callable[..., bool]
"""Takes a session, its frame, a function and its arguments; answers whatever that raises with an
ERROR. True: it went well."""

Refuse = Callable[[Session, int, int, WireError], None]
"""Answers with an ERROR for a kind and a request."""


class _Bulk:
    """A blob frame that waits for its turn; ``sent`` bytes of a BLOB_GET went out.

    ``rest_ms``: its next step must not come sooner.
    """

    __slots__ = ("device", "frame", "rest_ms", "sent")

    def __init__(self, device: bytes, frame: AnyFrame) -> None:
        self.device = device
        self.frame = frame
        self.sent = 0
        self.rest_ms = 0


class Transfers:
    """The blob frames of all sessions."""

    def __init__(
        self,
        history: History,
        rights: Rights,
        blobs: BlobStore,
        portions: Portions,
        send: Send,
        guarded: Guarded,
        refuse: Refuse,
    ) -> None:
        """Begin with none."""
        self._history = history
        self._rights = rights
        self._blobs = blobs
        self._portions = portions
        self._send = send
        self._guarded = guarded
        self._refuse = refuse
        self._bulk: OrderedDict[Session, deque[_Bulk]] = OrderedDict()
        self._resting: dict[Session, deque[_Bulk]] = {}
        self._turns: Turns[Session] = Turns()
        """When those that rest go on."""
        self._count = 0
        self._now_ms = 0

    def wait_ms(self, now_ms: int, most_ms: int) -> int:
        """Return for how long there is nothing to do."""
        return 0 if self._bulk else self._turns.wait_ms(now_ms, most_ms)

    def add(self, session: Session, device: bytes, frame: AnyFrame) -> None:
        """Take a blob frame; refuse it if too many wait."""
        waiting = self._bulk.get(session) or self._resting.get(session)
        if self._count >= _BULK_MAX or len(waiting or ()) >= _BULK_PER_SESSION_MAX:
            busy = WireError(ErrorCode.BUSY, "", "too much at once; ask again in a moment")
            self._refuse(session, KIND_OF[type(frame)], frame[0], busy)
            return
        if waiting is None:
            waiting = self._bulk[session] = deque()
        waiting.append(_Bulk(device, frame))
        self._count += 1

    def rotate(self, now_ms: int) -> None:
        """Do one step for each session in turn, up to the bound."""
        self._now_ms = now_ms
        for session in self._turns.due(now_ms):
            self._bulk[session] = self._resting.pop(session)
        for session in self._first_sessions():
            waiting = self._bulk[session]
            more, rest_ms = self._step(session, waiting[0])
            if rest_ms:
                self._resting[session] = self._bulk.pop(session)
                self._turns.add(now_ms + rest_ms, session)
                continue
            if not more:
                waiting.popleft()
                self._count -= 1
            if waiting:
                self._bulk.move_to_end(session)
            else:
                del self._bulk[session]

    def _first_sessions(self) -> Iterator[Session]:
        for _ in range(min(_STEPS_MAX, len(self._bulk))):
            yield next(iter(self._bulk))

    def _step(self, session: Session, bulk: _Bulk) -> tuple[bool, int]:
        """Do one step of a blob frame: whether it needs another, and in how many ms at the soonest.

        With a time nothing was done.
        """
        frame = bulk.frame
        serve = self._data if type(frame) is BlobGet else self._upload
        before, bulk.rest_ms = bulk.sent, 0
        well = self._guarded(session, frame, serve, session, frame, bulk)
        if bulk.rest_ms:
            return True, bulk.rest_ms
        return well and type(frame) is BlobGet and before < bulk.sent < frame.length, 0

    def _upload(self, session: Session, frame: BlobPut | BlobChunk, bulk: _Bulk) -> None:
        uploader = Uploader(self._rights.person(bulk.device), bulk.device)
        what = frame.sha256, uploader, frame.size
        # Paid for before the first byte, because room is kept for all of them.
        due_bytes = self._blobs.due_bytes(*what)
        if due_bytes:
            self._portions.need_upload(uploader.person_no, due_bytes, self._now_ms)
        try:
            if type(frame) is BlobChunk:
                offset = self._blobs.write(*what, frame.offset, frame.data)
            else:
                offset = self._blobs.have(*what)
        finally:
            for person_no, size in self._blobs.take_charges():
                self._portions.took_upload(person_no, size, self._now_ms)
        self._send(session, BlobHave(frame.request, frame.sha256, frame.size, offset))

    def _data(self, session: Session, frame: BlobGet, bulk: _Bulk) -> None:
        """Send the next piece of a range; ``bulk.sent`` stands still when there is no more."""
        with self._history.at_once():
            person_no, now_ms = self._rights.person(bulk.device), self._now_ms
            self._rights.need_member(person_no, frame.room)
            # Of a range that has begun, no piece was posted later.
            found = bulk.sent or self._history.has_blob(frame.room, frame.sha256)
        if not found:
            raise WireError(ErrorCode.NO_BLOB, "sha256", "this room has no such picture or file")
        bulk.rest_ms = self._portions.pictures_ms(person_no, now_ms)
        if bulk.rest_ms:
            return
        offset = frame.offset + bulk.sent
        length = min(CHUNK_MAX_BYTES, frame.length - bulk.sent)
        size, data = self._blobs.read(frame.sha256, offset, length)
        answer = BlobData(frame.request, frame.sha256, size, offset, data)
        if self._send(session, answer):
            self._portions.gave_picture(person_no, len(data), now_ms)
            # At the end of the blob the range ends too.
            bulk.sent = frame.length if offset + len(data) >= size else bulk.sent + len(data)
