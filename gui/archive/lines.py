"""JSON Lines: everything that is known of a conversation, exact enough to be read back.

The first line tells what it is; one line for each event as it is stored, changes and notices
too; pictures and files in pieces; the last line has the counts and the SHA-256 of
all bytes before it. Bytes are base64. An item is written as its kind and fields; where that
would not give the same bytes again, as ``raw``. ``read`` trusts nothing.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import msgpack

from gui.archive.blobs import Blobs
from gui.archive.survey import Order, Source, Survey
from gui.words.i18n import Words
from protocol.blocks import Event
from protocol.errors import WireError
from protocol.frames import unpack
from protocol.limits import BLOB_MAX_BYTES

NAME: Final = "zviazok archive"
VERSION: Final = 1
PIECE_BYTES: Final = 768 * 1024
"""Bytes of a picture or a file on one line."""
LINE_MAX_BYTES: Final = 4 * 1024 * 1024

_BYTES = "base64"
"""The only key of an object that stands for bytes."""


class ArchiveError(Exception):
    """A file that is no whole archive of this format; one line that says why."""


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that was read back."""

    header: dict[str, Any]
    events: tuple[Event, ...]
    blobs: dict[bytes, bytes]
    """SHA-256 → the bytes."""
    missing: dict[bytes, str]
    """SHA-256 → why it is not there."""


class _Out:
    """Writes lines and keeps the digest over them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def line(self, value: dict[str, Any]) -> None:
        data = _json(value).encode() + b"\n"
        self._digest.update(data)
        self._file.write(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def write(
    file: IO[bytes], order: Order, found: Survey, source: Source, blobs: Blobs, tr: Words,
    step: Callable[[int], None],
) -> int:  # fmt: skip
    """Write the archive and return how many events are in it; may raise ``OSError``.

    ``step(n)`` is called after each ``n`` more events; what it raises ends the writing.
    """
    out = _Out(file)
    out.line(_header(order, found, source))
    events = 0
    for page, _ in source.pages():
        for event in page:
            out.line(_event(event))
        events += len(page)
        step(len(page))
    there = 0
    for sha256, size in found.blobs.items():
        data = blobs.read(sha256, tr("archive.damaged")) if order.pictures else None
        if data is None:
            why = blobs.missing.get(sha256, tr("archive.not_asked"))
            out.line({"blob": sha256.hex(), "size": size, "missing": why})
        else:
            for at in range(0, len(data), PIECE_BYTES):
                piece = _base64(data[at : at + PIECE_BYTES])
                out.line({"blob": sha256.hex(), "size": len(data), "at": at, "data": piece})
            there += 1
        step(0)
    closing = {"end": NAME, "events": events, "blobs": there, "sha256": out.sha256}
    file.write(_json(closing).encode() + b"\n")
    return events


def _header(order: Order, found: Survey, source: Source) -> dict[str, Any]:
    info = found.info
    return {
        "archive": NAME,
        "version": VERSION,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "room": _base64(info.room),
        "epoch": _base64(info.epoch),
        "kind": int(info.kind),
        "name": info.name,
        "title": order.title,
        "members": [[_base64(person), nick] for person, nick in info.members],
        "head": info.head,
        "first": found.first,
        "last": found.last,
        "events": found.events,
        "messages": found.messages,
        "since": order.since.isoformat() if order.since else None,
        "until": order.until.isoformat() if order.until else None,
        "missing": [[hole.first, hole.last, hole.why] for hole in found.holes],
        "people": [
            [_base64(person), source.name(person, nick)] for person, nick in found.people.items()
        ],
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "ts": event.ts,
        "person": _base64(event.person),
        "nick": event.nick,
        "device": _base64(event.device),
        "outbox_epoch": _base64(event.outbox_epoch),
        "n": event.n,
        **_item(event.item),
    }


def _item(item: bytes) -> dict[str, Any]:
    try:
        value = unpack(item)
        if type(value) is list and len(value) == 2 and type(value[1]) is dict:
            said = {"kind": value[0], "body": _plain(value[1])}
            if _packed(json.loads(_json(said))) == item:
                return said
    except (WireError, ValueError, TypeError, OverflowError, RecursionError):
        pass
    return {"raw": _base64(item)}


def _packed(said: dict[str, Any]) -> bytes:
    return bytes(msgpack.packb([said["kind"], _rich(said["body"])]))


def _plain(value: Any) -> Any:
    """Return a value with bytes as ``{"base64": …}``."""
    if type(value) is bytes:
        return {_BYTES: _base64(value)}
    if type(value) is list:
        return [_plain(one) for one in value]
    if type(value) is dict:
        return {name: _plain(one) for name, one in value.items()}
    return value


def _rich(value: Any) -> Any:
    """Return what :func:`_plain` was made of."""
    if type(value) is dict:
        if list(value) == [_BYTES]:
            return _unbase64(value[_BYTES])
        return {name: _rich(one) for name, one in value.items()}
    return [_rich(one) for one in value] if type(value) is list else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: Any) -> bytes:
    if type(text) is not str:
        raise ValueError("bytes are base64")
    return base64.b64decode(text, validate=True)


# --- reading ------------------------------------------------------------------


def read(path: Path) -> Archive:
    """Read an archive back; raise :class:`ArchiveError` if it is not whole."""
    try:
        with path.open("rb") as file:
            return _Reading(file).run()
    except OSError as error:
        raise ArchiveError(f"the file cannot be read: {error.strerror}") from None
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, binascii.Error):
        raise ArchiveError("the file is damaged, or no archive of this program") from None


class _Reading:
    """One file, line by line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._events: list[Event] = []
        self._pieces: dict[bytes, bytearray] = {}
        self._sizes: dict[bytes, int] = {}
        self._missing: dict[bytes, str] = {}

    def run(self) -> Archive:
        header = self._line()
        if header is None or header.get("archive") != NAME:
            raise ArchiveError("the file is no archive of this program")
        if header["version"] != VERSION:
            raise ArchiveError("the archive was written by a newer version of this program")
        before = self._digest.hexdigest()
        while (line := self._line()) is not None:
            if "end" in line:
                return self._end(header, line, before)
            if "blob" in line:
                self._blob(line)
            else:
                self._events.append(_event_of(line))
            before = self._digest.hexdigest()
        raise ArchiveError("the archive ends too early: a part of it is missing")

    def _line(self) -> dict[str, Any] | None:
        data = self._file.readline(LINE_MAX_BYTES + 1)
        if not data:
            return None
        if len(data) > LINE_MAX_BYTES or not data.endswith(b"\n"):
            raise ArchiveError("the archive ends too early: a part of it is missing")
        self._digest.update(data)
        value = json.loads(data)
        if type(value) is not dict:
            raise ValueError("a line is an object")
        return value

    def _blob(self, line: dict[str, Any]) -> None:
        sha256 = bytes.fromhex(line["blob"])
        if "missing" in line:
            self._missing[sha256] = str(line["missing"])
            return
        pieces = self._pieces.setdefault(sha256, bytearray())
        if line["at"] != len(pieces) or not 0 < line["size"] <= BLOB_MAX_BYTES:
            raise ValueError("pieces are in order")
        pieces += _unbase64(line["data"])
        self._sizes[sha256] = line["size"]
        if len(pieces) > line["size"]:
            raise ValueError("a piece is too long")

    def _end(self, header: dict[str, Any], end: dict[str, Any], before: str) -> Archive:
        if self._file.read(1) or end["sha256"] != before:
            raise ArchiveError("the archive was changed after it was written")
        if end["events"] != len(self._events) or end["blobs"] != len(self._pieces):
            raise ArchiveError("the archive does not hold what it says")
        blobs = {sha256: bytes(pieces) for sha256, pieces in self._pieces.items()}
        for sha256, data in blobs.items():
            if len(data) != self._sizes[sha256] or hashlib.sha256(data).digest() != sha256:
                raise ArchiveError("a picture or a file in the archive is damaged")
        return Archive(header, tuple(self._events), blobs, self._missing)


def _event_of(line: dict[str, Any]) -> Event:
    item = _unbase64(line["raw"]) if "raw" in line else _packed(line)
    event = Event(
        line["seq"], line["ts"], _unbase64(line["person"]), line["nick"],
        _unbase64(line["device"]), _unbase64(line["outbox_epoch"]), line["n"], item,
    )  # fmt: skip
    if {type(event.seq), type(event.ts), type(event.n)} != {int} or type(event.nick) is not str:
        raise ValueError("an event has numbers and a nickname")
    return event
