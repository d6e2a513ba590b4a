"""Histories of a run as JSON Lines: what every client did and saw, written and read back.

A file holds one session of one client (``NAME.SESSION.jsonl``); ``nemesis.jsonl`` holds the
faults. Times are ``time.monotonic_ns`` of one host. A record that is missing means "unknown",
never "failed". Bytes (room, epoch, person, outbox epoch) are lower-case hex.

Invariants: ``invoke`` is with the system before :meth:`Writer.invoke` returns, so a message that
can have been sent has its record though the client is killed; everything else is at most 50 ms
late if the owner calls :meth:`Writer.tick`. A reader forgives a torn last line and nothing else.
A writer is owned by one thread.
"""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Set
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from tests.faults.checker.records import (
    Busy,
    End,
    Entry,
    Fail,
    Fault,
    FinalPiece,
    Gone,
    Invoke,
    Left,
    Link,
    Me,
    Ok,
    Raw,
    Record,
    Resync,
    Room,
    See,
    Start,
)

NEMESIS: Final = "nemesis"
FLUSH_NS: Final = 50_000_000
_BUFFER_MAX_BYTES = 64 * 1024
_FINAL_EVENTS = 1_000
_CHUNK_BYTES = 1 << 20
_NAME_BYTES = 200
"""Where in a line the name of its record stands, as :class:`Writer` writes it."""


class HistoryError(Exception):
    """A file is no history: somebody wrote into it who should not, or it is damaged."""


_PHASES = ("begin", "heal", "whole")
_OPTIONAL = {"person", "members", "v"}


def _typed(made: type[Any]) -> frozenset[tuple[type, ...]]:
    """The types that the values of a record may have, together."""
    types: dict[str, type] = {"t": int, "s": int, "kind": int, "head": int, "n": int, "seq": int}
    types |= {"code": int, "retry_ms": int, "low": int, "high": int, "waiting": int}
    types |= {"events": list, "members": list, "canaries": list}
    choices = [
        (types.get(name, str), type(None))
        if name in _OPTIONAL and made is not Me
        else (types.get(name, str),)
        for name in made._fields
    ]
    return frozenset(itertools.product(*choices))


def _builder(made: type[Any]) -> Callable[[dict[str, Any]], Any]:
    take, make, allowed = itemgetter(*made._fields), made._make, _typed(made)
    absent = {name: None for name in made._fields if name in ("person", "members")}

    def build(fields: dict[str, Any]) -> Any:
        values = take(fields if not absent else absent | fields)
        if tuple(map(type, values)) not in allowed:
            raise HistoryError(f"a record {made.__name__} has a value of a wrong type")
        return make(values)

    return build


def _fault(fields: dict[str, Any]) -> Fault:
    known = {"t", "f", "id", "name", "phase", "p", "s"}
    details = {name: value for name, value in fields.items() if name not in known}
    fault = Fault(fields["t"], fields["id"], fields["name"], fields["phase"], details)
    within_s = details.get("within_s", 1)
    right = (type(fault.t), type(fault.name)) == (int, str) and isinstance(fault.id, int | str)
    if not right or type(within_s) not in (int, float) or fault.phase not in _PHASES:
        raise HistoryError("a record Fault has a wrong value")
    return fault


_KINDS: dict[str, type[Any]] = {
    "start": Start,
    "me": Me,
    "room": Room,
    "left": Left,
    "invoke": Invoke,
    "ok": Ok,
    "fail": Fail,
    "gone": Gone,
    "see": See,
    "resync": Resync,
    "link": Link,
    "busy": Busy,
    "end": End,
    "final": FinalPiece,
    "raw": Raw,
}
_BUILD: dict[str, Callable[[dict[str, Any]], Any]] = {
    **{name: _builder(made) for name, made in _KINDS.items()},
    "fault": _fault,
}


class Reader:
    """The records of one file, in order. ``skip``: names of records that nobody wants now."""

    def __init__(self, path: Path, skip: Set[str] = frozenset()) -> None:
        self._path = path
        self._skip = skip
        self._marks = [f'"f":"{name}"'.encode() for name in sorted(skip)]
        self.torn = False
        """The last line was cut; it is not among the records."""

    def __iter__(self) -> Iterator[Record]:
        """Yield records; raise :class:`HistoryError` for what is none."""
        skip = self._skip
        for fields in self._objects():
            try:
                name = fields["f"]
                if name not in skip:
                    yield _BUILD[name](fields)
            except (KeyError, TypeError, HistoryError) as error:
                raise HistoryError(f"{self._path.name}: no record: {error!r}"[:300]) from None

    def _objects(self) -> Iterator[dict[str, Any]]:
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                chunk += file.readline()
                lines = chunk.split(b"\n")
                rest = lines.pop()
                if self._marks:
                    lines = [line for line in lines if not self._skipped(line[:_NAME_BYTES])]
                yield from self._decode(lines)
                if rest:
                    # Only the end of a file has no line end: a client was killed while it wrote.
                    try:
                        yield json.loads(rest)
                    except ValueError:
                        self.torn = True

    def _skipped(self, start: bytes) -> bool:
        return any(mark in start for mark in self._marks)

    def _decode(self, lines: list[bytes]) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = json.loads(b"[" + b",".join(lines) + b"]")
            if len(found) == len(lines):
                return found
        except (ValueError, RecursionError):
            pass
        found = []
        for line in lines:
            try:
                found.append(json.loads(line))
            except (ValueError, RecursionError):
                raise HistoryError(f"{self._path.name}: a line is no JSON") from None
        return found


class _Lines:
    """Appends lines to a new file, in bounded pieces."""

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._clock = clock
        self._encode = json.JSONEncoder(separators=(",", ":")).encode
        self._lines: list[str] = []
        self._size = 0
        self._flushed_ns = clock()

    def _append(self, now_ns: int, fields: dict[str, Any]) -> None:
        line = self._encode(fields)
        self._lines.append(line)
        self._size += len(line)
        if self._size >= _BUFFER_MAX_BYTES or now_ns - self._flushed_ns >= FLUSH_NS:
            self.flush()

    def tick(self) -> None:
        """Flush what is due; call it at least every 50 ms."""
        if self._lines and self._clock() - self._flushed_ns >= FLUSH_NS:
            self.flush()

    def flush(self) -> None:
        """Give everything to the system."""
        self._flushed_ns = self._clock()
        if not self._lines:
            return
        data = memoryview(("\n".join(self._lines) + "\n").encode())
        self._lines.clear()
        self._size = 0
        while data:
            data = data[os.write(self._file, data) :]

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        os.close(self._file)


class Writer(_Lines):
    """Writes the history of one session of a client. Rooms, epochs and people are bytes."""

    def __init__(
        self, folder: Path, name: str, session: int, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """Begin ``NAME.SESSION.jsonl`` in ``folder``, which must not be there yet."""
        super().__init__(folder / f"{name}.{session}.jsonl", clock)
        self._name = name
        self._session = session

    def _write(self, f: str, **fields: Any) -> None:
        now_ns = self._clock()
        self._append(now_ns, {"t": now_ns, "p": self._name, "s": self._session, "f": f, **fields})

    def start(self, person: bytes | None = None) -> None:
        self._write("start", person=person.hex() if person else None)
        self.flush()

    def me(self, person: bytes, nick: str) -> None:
        self._write("me", person=person.hex(), nick=nick)

    def room(
        self,
        room: bytes,
        kind: int,
        name: str,
        epoch: bytes,
        head: int,
        members: Iterable[bytes] | None = None,
    ) -> None:
        who = None if members is None else [one.hex() for one in members]
        more = {"name": name, "epoch": epoch.hex(), "head": head, "members": who}
        self._write("room", room=room.hex(), kind=int(kind), **more)

    def left(self, room: bytes) -> None:
        self._write("left", room=room.hex())

    def invoke(self, room: bytes, oe: bytes, n: int, v: str | None) -> None:
        """Before the message can be sent: on return the record outlives the process."""
        self._write("invoke", room=room.hex(), oe=oe.hex(), n=n, v=v)
        self.flush()

    def ok(self, room: bytes, oe: bytes, n: int, epoch: bytes, seq: int) -> None:
        self._write("ok", room=room.hex(), oe=oe.hex(), n=n, epoch=epoch.hex(), seq=seq)

    def fail(self, room: bytes, oe: bytes, n: int, code: int) -> None:
        self._write("fail", room=room.hex(), oe=oe.hex(), n=n, code=int(code))

    def gone(self, room: bytes, oe: bytes, n: int) -> None:
        self._write("gone", room=room.hex(), oe=oe.hex(), n=n)

    def see(self, room: bytes, epoch: bytes, via: str, events: list[Entry]) -> None:
        """``events`` are of :func:`tests.faults.checker.records.entry`."""
        if events:
            self._write("see", room=room.hex(), epoch=epoch.hex(), via=via, events=events)

    def resync(self, room: bytes, epoch: bytes) -> None:
        self._write("resync", room=room.hex(), epoch=epoch.hex())

    def link(self, state: str, address: str) -> None:
        self._write("link", state=state, address=address)

    def busy(self, room: bytes, retry_ms: int) -> None:
        self._write("busy", room=room.hex(), retry_ms=retry_ms)

    def end(self, room: bytes, epoch: bytes, low: int, high: int, waiting: int) -> None:
        more = {"low": low, "high": high, "waiting": waiting}
        self._write("end", room=room.hex(), epoch=epoch.hex(), **more)

    def final(self, room: bytes, epoch: bytes, events: list[Entry]) -> None:
        for at in range(0, len(events), _FINAL_EVENTS):
            piece = events[at : at + _FINAL_EVENTS]
            self._write("final", room=room.hex(), epoch=epoch.hex(), events=piece)

    def raw(self, canaries: Iterable[str]) -> None:
        self._write("raw", canaries=sorted(canaries))


class NemesisWriter(_Lines):
    """Writes what was done to the system."""

    def __init__(self, folder: Path, clock: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__(folder / f"{NEMESIS}.jsonl", clock)

    def fault(self, id: int | str, name: str, phase: str, **details: Any) -> None:
        """``phase``: begin, heal or whole; ``within_s`` in the details bounds the recovery."""
        now_ns = self._clock()
        fields = {"t": now_ns, "f": "fault", "id": id, "name": name, "phase": phase}
        self._append(now_ns, details | fields)
        self.flush()


def sessions(folder: Path) -> dict[str, list[tuple[int, Path]]]:
    """Return every client's files in ``histories/``, by session."""
    found: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        name, _, session = path.stem.rpartition(".")
        if name and session.isdecimal():
            found.setdefault(name, []).append((int(session), path))
    return {name: sorted(files) for name, files in sorted(found.items())}


def next_session(folder: Path, name: str) -> int:
    """Return the number of the session that begins now."""
    return max((one for one, _ in sessions(folder).get(name, [])), default=0) + 1
