"""Serves history and pictures: a thread of the broker's process with a socket of its own.

A gateway sends ``[slot, device key, frame]`` with a client's READ or BLOB frame, and gets
``[slot, frame]`` for the client, once or, for BLOB_GET, several times. Nothing here can
hold up the main loop: what is committed is read on a connection of its own.

Whether somebody may read is looked up in what is committed, for every page and every piece of a
picture: who was put out reads no more, whatever their gateway has heard of it.

In each turn all READs that came are served first, then a few steps of the pictures under way,
one for each session in rotation, so that a picture never delays a word. Who has had more than
their portion waits, in order; then they are told BUSY. A fault costs
its message alone. Answers that cannot be sent are dropped: the client asks again.

The socket, the history and the blobs belong to the thread; other threads call ``start``,
``stop``, ``alive`` and ``counts``.
"""

import contextlib
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import zmq

from broker.blobs import BlobStore
from broker.journal import History
from broker.portions import Portions
from broker.rights import Rights
from broker.transfers import Session, Transfers
from broker.turns import Turns
from protocol.backplane import decode_slot
from protocol.codes import ErrorCode
from protocol.errors import DamagedError, JournalError, WireError
from protocol.frames import (
    KIND_OF,
    AnyFrame,
    BlobChunk,
    BlobGet,
    BlobPut,
    Error,
    Page,
    Read,
    decode,
    encode,
)
from protocol.keys import KEY_BYTES, KeyPair
from protocol.limits import PAGE_MAX_BYTES
from protocol.sockets import Context, Socket, bind, ingress, receive_known

log = logging.getLogger("reader")

_DRAIN_MAX = 256
"""Messages of one drain: bounds how long a picture under way waits for its next step."""
_LATE_PER_PERSON_MAX = 16
"""READs of one person that wait for their portion: four times what a client has under way."""
_LATE_MAX = 1_000
"""READs that wait for a portion, of all people."""
_PAGE_LEAST_BYTES = 4_096
"""What a page counts for at least: an empty one is work too."""
_SNDHWM = 1_000
"""Answers that wait for one gateway: at most 128 MiB of pages for one that stands still."""
_POLL_MS = 1_000
_JOIN_S = 20.0


class _Late(NamedTuple):
    """A READ that waits for the portion of its person."""

    session: Session
    device: bytes
    frame: Read


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
        limited: bool = True,
    ) -> None:
        """Prepare a reader that will listen on ``endpoint``; nothing is opened yet.

        ``limited``: a person gets portions. The ZAP handler of ``context`` must be bound before
        ``start``.
        """
        self._context = context
        self._keys = keys
        self._open_history = open_history
        self._blobs = blobs
        self._epoch = epoch
        self._limited = limited
        self._counts = dict.fromkeys(("reads", "blob_frames", "faults", "dropped"), 0)
        self._ready = threading.Event()
        self._refusal: BaseException | None = None
        self._waker, self._wakened = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self._socket: Socket
        self.endpoint = endpoint
        """Where it listens; after ``start`` with the port in use, should it be a wildcard."""

    def _begin(self, history: History, blobs: BlobStore) -> None:
        """Serve from these; nothing waits yet."""
        self._history = history
        self._rights = Rights(history)
        self._portions = Portions(self._limited)
        self._late: dict[int, deque[_Late]] = {}
        self._late_count = 0
        self._turns: Turns[int] = Turns()
        """When the turn of a person's late READ comes."""
        self._transfers = Transfers(
            history, self._rights, blobs, self._portions, self._send, self._guarded, self._refuse
        )

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
        history = self._open_history()
        opened.callback(history.close)
        self._begin(history, self._blobs)
        self._socket = ingress(self._context, self._keys)
        opened.callback(self._socket.close)
        self._socket.setsockopt(zmq.SNDHWM, _SNDHWM)
        self.endpoint = bind(self._socket, self.endpoint, "reader")

    def _serve(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wakened.fileno(), zmq.POLLIN)
        while True:
            ready = dict(poller.poll(self._wait_ms()))
            if self._wakened.fileno() in ready:
                return
            if self._socket in ready:
                self._take()
            self._go_on(_now_ms())
            self._transfers.rotate(_now_ms())

    def _wait_ms(self) -> int:
        """Return for how long there is nothing to do unless something comes."""
        now_ms = _now_ms()
        return min(self._turns.wait_ms(now_ms, _POLL_MS), self._transfers.wait_ms(now_ms, _POLL_MS))

    def _take(self) -> None:
        """Serve the READs that came, or have them wait."""
        for session, device, frame in self._drain():
            self._guarded(session, frame, self._read, session, device, frame)

    def _go_on(self, now_ms: int) -> None:
        """Serve the late READs whose turn has come."""
        for person_no in self._turns.due(now_ms):
            waiting = self._late[person_no]
            late = waiting.popleft()
            self._late_count -= 1
            self._guarded(late.session, late.frame, self._page, *late)
            if waiting:
                self._turns.add(now_ms + self._portions.history_ms(person_no, now_ms), person_no)
            else:
                del self._late[person_no]

    def _drain(self) -> list[tuple[Session, bytes, Read]]:
        """Take what came: return the READs, queue the blob frames, refuse the rest."""
        reads: list[tuple[Session, bytes, Read]] = []
        for _ in range(_DRAIN_MAX):
            try:
                message = receive_known(self._socket)
            except zmq.Again:
                break
            if message is None:
                continue
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
                reads.append((session, device, frame))
            elif type(frame) in (BlobPut, BlobChunk, BlobGet):
                self._counts["blob_frames"] += 1
                self._transfers.add(session, device, frame)
            else:
                unknown = WireError(ErrorCode.UNKNOWN_KIND, "kind", "no client may ask this here")
                self._refuse(session, KIND_OF[type(frame)], 0, unknown)
        return reads

    def _guarded(
        self, session: Session, frame: AnyFrame, serve: Callable[..., None], *args: Any
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

    def _refuse(self, session: Session, kind: int, request: int, error: WireError) -> None:
        self._counts["faults"] += 1
        if error.code is not ErrorCode.BUSY:  # a flood shall not fill the log
            log.info("refused kind=%d code=%s field=%s", kind, error.code.name, error.field)
        self._send(session, Error(int(error.code), error.field, error.text, kind, request))

    def _send(self, session: Session, frame: AnyFrame) -> bool:
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

    def _read(self, session: Session, device: bytes, frame: Read) -> None:
        """Serve a READ, or keep it until the person's portion allows it."""
        person_no, now_ms = self._rights.person(device), _now_ms()
        waiting = self._late.get(person_no)
        wait_ms = 0 if waiting else self._portions.history_ms(person_no, now_ms)
        if not waiting and not wait_ms:
            self._page(session, device, frame)
            return
        if self._late_count >= _LATE_MAX or len(waiting or ()) >= _LATE_PER_PERSON_MAX:
            raise WireError(ErrorCode.BUSY, "", "too much at once; ask again in a moment")
        self._late_count += 1
        if waiting is None:
            waiting = self._late[person_no] = deque()
            self._turns.add(now_ms + wait_ms, person_no)
        waiting.append(_Late(session, device, frame))

    def _page(self, session: Session, device: bytes, frame: Read) -> None:
        self._counts["reads"] += 1
        for max_bytes in (PAGE_MAX_BYTES, 1):
            with self._history.at_once():
                person_no = self._rights.person(device)
                self._rights.need_member(person_no, frame.room)
                span = frame.after, frame.before, frame.limit
                page = self._history.read(frame.room, *span, max_bytes)
            assert page is not None  # a room that has members
            answer = Page(frame.request, frame.room, self._epoch, page.head, page.more, page.blocks)
            try:
                self._send(session, answer)
                size = max(sum(map(len, page.blocks)), _PAGE_LEAST_BYTES)
                self._portions.gave_history(person_no, size, _now_ms())
                return
            except WireError:
                # Larger than a frame: try again with the first block alone.
                continue
        raise WireError(ErrorCode.TOO_BIG, "after", "the next block does not fit a frame")


def _envelope(message: list[bytes]) -> tuple[Session, bytes, bytes]:
    """Split ``[rid, slot, device key, frame]``; raise :class:`WireError` if it is not that."""
    if len(message) != 4:
        raise WireError(ErrorCode.MALFORMED, "", "four parts are due here")
    rid, slot, device, data = message
    decode_slot(slot)
    if len(device) != KEY_BYTES:
        raise WireError(ErrorCode.MALFORMED, "device", f"must have {KEY_BYTES} bytes")
    return (rid, slot), device, data


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
