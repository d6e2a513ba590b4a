"""Serves history and pictures: a thread of the broker's process with a socket of its own.

A gateway sends ``[slot, device key, frame]`` with a client's READ or BLOB frame, and gets
``[slot, frame]`` for the client, once or, for BLOB_GET, several times. Nothing here can
hold up the main loop: what is committed is read on a connection of its own.

In each turn all READs that came are served first, then a few steps of the pictures under way,
one for each session in rotation, so that a picture never delays a word. A fault costs
its message alone. Answers that cannot be sent are dropped: the client asks again.

The socket, the history and the blobs belong to the thread; other threads call ``start``,
``stop``, ``alive`` and ``counts``.
"""

import contextlib
import logging
import socket
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Any

import zmq

from broker.blobs import BlobStore
from broker.journal import History
from protocol.backplane import decode_slot
from protocol.codes import ErrorCode
from protocol.errors import DamagedError, JournalError, WireError
from protocol.frames import (
    KIND_OF,
    AnyFrame,
    BlobChunk,
    BlobData,
    BlobGet,
    BlobHave,
    BlobPut,
    Error,
    Page,
    Read,
    decode,
    encode,
)
from protocol.keys import KEY_BYTES, KeyPair
from protocol.limits import CHUNK_MAX_BYTES, PAGE_MAX_BYTES
from protocol.sockets import Context, Socket, bind, ingress

log = logging.getLogger("reader")

_DRAIN_MAX = 256
"""Messages of one drain: bounds how long a picture under way waits for its next step."""
_STEPS_MAX = 8
"""Steps of pictures between two looks at the socket: bounds how long a READ waits."""
_BULK_MAX = 512
"""Blob frames that wait, of all sessions: 32 MiB of chunks."""
_BULK_PER_SESSION_MAX = 16
"""Blob frames of one session that wait: twice the window of an upload."""
_SNDHWM = 1_000
"""Answers that wait for one gateway: at most 128 MiB of pages for one that stands still."""
_POLL_MS = 1_000
_JOIN_S = 20.0

_Session = tuple[bytes, bytes]
"""A gateway's routing id and the slot as it stands on the wire."""


class _Bulk:
    """A blob frame that waits for its turn; ``sent`` bytes of a BLOB_GET went out."""

    __slots__ = ("device", "frame", "sent")

    def __init__(self, device: bytes, frame: AnyFrame) -> None:
        self.device = device
        self.frame = frame
        self.sent = 0


class Reader:
    """The thread; ``start`` it once, ``stop`` it before the context ends."""

    def __init__(
        self,
        context: Context,
        keys: KeyPair,
        endpoint: str,
        open_history: Callable[[], History],
        blobs: BlobStore,
        epoch: bytes,
    ) -> None:
        """Prepare a reader that will listen on ``endpoint``; nothing is opened yet.

        The ZAP handler of ``context`` must be bound before ``start``.
        """
        self._context = context
        self._keys = keys
        self._open_history = open_history
        self._blobs = blobs
        self._epoch = epoch
        self._bulk: OrderedDict[_Session, deque[_Bulk]] = OrderedDict()
        self._bulk_count = 0
        self._counts = dict.fromkeys(("reads", "blob_frames", "faults", "dropped"), 0)
        self._ready = threading.Event()
        self._refusal: BaseException | None = None
        self._waker, self._wakened = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self._socket: Socket
        self._history: History
        self.endpoint = endpoint
        """Where it listens; after ``start`` with the port in use, should it be a wildcard."""

    # --- for other threads --------------------------------------------------------------

    def start(self) -> None:
        """Start the thread and wait until it listens; raise what kept it from that."""
        self._thread.start()
        self._ready.wait()
        if self._refusal is not None:
            self.stop()
            raise self._refusal

    def stop(self) -> None:
        """End the thread and wait for its end. May be called again."""
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")
        if self._thread.ident is not None:
            self._thread.join(_JOIN_S)
        if self._thread.is_alive():
            log.error("stuck seconds=%d", _JOIN_S)
            return
        self._waker.close()
        self._wakened.close()

    @property
    def alive(self) -> bool:
        """Whether the thread serves."""
        return self._thread.is_alive()

    def counts(self) -> dict[str, int]:
        """Return how many reads, blob frames, faults and dropped answers there were."""
        return dict(self._counts)

    # --- the thread ---------------------------------------------------------------------

    def _run(self) -> None:
        with contextlib.ExitStack() as opened:
            try:
                self._open(opened)
            except Exception as error:
                self._refusal = error
                return
            finally:
                self._ready.set()
            try:
                self._serve()
            except Exception:
                # The broker's watchdog sees that the thread is gone, and stops.
                log.exception("ended")

    def _open(self, opened: contextlib.ExitStack) -> None:
        self._history = self._open_history()
        opened.callback(self._history.close)
        self._socket = ingress(self._context, self._keys)
        opened.callback(self._socket.close)
        self._socket.setsockopt(zmq.SNDHWM, _SNDHWM)
        self.endpoint = bind(self._socket, self.endpoint, "reader")

    def _serve(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wakened.fileno(), zmq.POLLIN)
        while True:
            ready = dict(poller.poll(0 if self._bulk else _POLL_MS))
            if self._wakened.fileno() in ready:
                return
            if self._socket in ready:
                for session, frame in self._drain():
                    self._guarded(session, frame, self._page, session, frame)
            self._rotate()

    def _drain(self) -> list[tuple[_Session, Read]]:
        """Take what came: return the READs, queue the blob frames, refuse the rest."""
        reads: list[tuple[_Session, Read]] = []
        for _ in range(_DRAIN_MAX):
            try:
                message = self._socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                break
            try:
                session, device, data = _envelope(message)
            except WireError as error:
                self._counts["faults"] += 1
                log.warning("bad_envelope error=%s", error)
                continue
            try:
                frame = decode(data)
            except WireError as error:
                self._refuse(session, data[1] if len(data) > 1 else 0, 0, error)
                continue
            if type(frame) is Read:
                reads.append((session, frame))
            elif type(frame) in (BlobPut, BlobChunk, BlobGet):
                self._queue(session, _Bulk(device, frame))
            else:
                unknown = WireError(ErrorCode.UNKNOWN_KIND, "kind", "no client may ask this here")
                self._refuse(session, KIND_OF[type(frame)], 0, unknown)
        return reads

    def _guarded(
        self, session: _Session, frame: AnyFrame, serve: Callable[..., None], *args: Any
    ) -> bool:
        """Call ``serve``; answer whatever it raises with an ERROR. True: it went well."""
        try:
            serve(*args)
            return True
        except WireError as error:
            fault = error
        except DamagedError as error:
            log.error("damaged error=%s", error)
            fault = WireError(ErrorCode.DAMAGED, "", "this part of the history is damaged")
        except (JournalError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error  # not its path
            log.error("failed kind=%s error=%s", KIND_OF[type(frame)].name, reason)
            fault = WireError(ErrorCode.UNAVAILABLE, "", "the server cannot read or write this now")
        except zmq.ContextTerminated:
            raise
        except Exception as error:
            log.error("failed kind=%s", KIND_OF[type(frame)].name, exc_info=error)
            fault = WireError(ErrorCode.UNAVAILABLE, "", "the server could not answer this")
        self._refuse(session, KIND_OF[type(frame)], frame[0], fault)
        return False

    def _refuse(self, session: _Session, kind: int, request: int, error: WireError) -> None:
        self._counts["faults"] += 1
        log.info("refused kind=%d code=%s field=%s", kind, error.code.name, error.field)
        self._send(session, Error(int(error.code), error.field, error.text, kind, request))

    def _send(self, session: _Session, frame: AnyFrame) -> bool:
        """Send an answer; False if its gateway is gone or stands still."""
        try:
            self._socket.send_multipart([*session, encode(frame)], zmq.DONTWAIT)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            self._counts["dropped"] += 1
            return False
        return True

    # --- history ------------------------------------------------------------------------

    def _page(self, session: _Session, frame: Read) -> None:
        self._counts["reads"] += 1
        for max_bytes in (PAGE_MAX_BYTES, 1):
            page = self._history.read(frame.room, frame.after, frame.before, frame.limit, max_bytes)
            if page is None:
                raise WireError(ErrorCode.NO_ROOM, "room", "there is no such room")
            answer = Page(frame.request, frame.room, self._epoch, page.head, page.more, page.blocks)
            try:
                self._send(session, answer)
                return
            except WireError:
                # Larger than a frame: try again with the first block alone.
                continue
        raise WireError(ErrorCode.TOO_BIG, "after", "the next block does not fit a frame")

    # --- pictures -----------------------------------------------------------------------

    def _queue(self, session: _Session, bulk: _Bulk) -> None:
        waiting = self._bulk.get(session)
        if self._bulk_count >= _BULK_MAX or len(waiting or ()) >= _BULK_PER_SESSION_MAX:
            busy = WireError(ErrorCode.BUSY, "", "too much at once; ask again in a moment")
            self._refuse(session, KIND_OF[type(bulk.frame)], bulk.frame[0], busy)
            return
        if waiting is None:
            waiting = self._bulk[session] = deque()
        waiting.append(bulk)
        self._bulk_count += 1

    def _rotate(self) -> None:
        """Do one step for each session in turn, up to the bound."""
        for session in self._first_sessions():
            waiting = self._bulk[session]
            bulk = waiting[0]
            if not self._step(session, bulk):
                waiting.popleft()
                self._bulk_count -= 1
            if waiting:
                self._bulk.move_to_end(session)
            else:
                del self._bulk[session]

    def _first_sessions(self) -> Iterator[_Session]:
        for _ in range(min(_STEPS_MAX, len(self._bulk))):
            yield next(iter(self._bulk))

    def _step(self, session: _Session, bulk: _Bulk) -> bool:
        """Do one step of a blob frame; True: it needs another."""
        frame = bulk.frame
        if type(frame) is BlobGet:
            before = bulk.sent
            return self._guarded(session, frame, self._data, session, frame, bulk) and (
                before < bulk.sent < frame.length
            )
        self._guarded(session, frame, self._upload, session, frame, bulk.device)
        return False

    def _upload(self, session: _Session, frame: BlobPut | BlobChunk, device: bytes) -> None:
        self._counts["blob_frames"] += 1
        if type(frame) is BlobChunk:
            offset = self._blobs.write(frame.sha256, device, frame.size, frame.offset, frame.data)
        else:
            offset = self._blobs.have(frame.sha256, device, frame.size)
        self._send(session, BlobHave(frame.request, frame.sha256, frame.size, offset))

    def _data(self, session: _Session, frame: BlobGet, bulk: _Bulk) -> None:
        """Send the next piece of a range; ``bulk.sent`` stands still when there is no more."""
        if not bulk.sent:
            self._counts["blob_frames"] += 1
            if not self._history.has_blob(frame.room, frame.sha256):
                raise WireError(
                    ErrorCode.NO_BLOB, "sha256", "this room has no such picture or file"
                )
        offset = frame.offset + bulk.sent
        length = min(CHUNK_MAX_BYTES, frame.length - bulk.sent)
        size, data = self._blobs.read(frame.sha256, offset, length)
        answer = BlobData(frame.request, frame.sha256, size, offset, data)
        if self._send(session, answer):
            # At the end of the blob the range ends too.
            bulk.sent = frame.length if offset + len(data) >= size else bulk.sent + len(data)


def _envelope(message: list[bytes]) -> tuple[_Session, bytes, bytes]:
    """Split ``[rid, slot, device key, frame]``; raise :class:`WireError` if it is not that."""
    if len(message) != 4:
        raise WireError(ErrorCode.MALFORMED, "", "four parts are due here")
    rid, slot, device, data = message
    decode_slot(slot)
    if len(device) != KEY_BYTES:
        raise WireError(ErrorCode.MALFORMED, "device", f"must have {KEY_BYTES} bytes")
    return (rid, slot), device, data
