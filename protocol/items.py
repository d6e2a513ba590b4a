"""Items: what a message says, as opaque bytes on the way and checked values at both ends.

An item is one msgpack array ``[kind, {field: value}]``. The gateway checks an
item before the broker stores it; the client checks it again before it shows
it. Between them nobody decodes it. Unknown fields are ignored; an unknown kind
is refused on the way in and shown as "needs a newer version" on the way out.
Pure; no I/O.
"""

from collections.abc import Mapping
from typing import Any, cast

import msgpack

from protocol.codes import ErrorCode, EventKind
from protocol.errors import WireError
from protocol.fields import SHA256, Check, octets, text, uint
from protocol.frames import unpack
from protocol.limits import (
    BLOB_MAX_BYTES,
    CAPTION_MAX_CHARS,
    DEPTH_MAX,
    FILE_NAME_MAX_CHARS,
    IMAGE_PIXELS_MAX,
    IMAGE_SIDE_MAX,
    ITEM_MAX_BYTES,
    MEDIA_TYPES,
    NICK_MAX_CHARS,
    TEXT_MAX_CHARS,
    THUMB_MAX_BYTES,
)

_pack = msgpack.Packer(autoreset=True).pack
_TEXT_LEAD = bytes((0x92, EventKind.TEXT))
"""An array of two whose first element is the integer 1: how a text begins."""
_BLANK = "a text must have at least one visible character"


def _media(value: Any) -> str | None:
    return None if value in MEDIA_TYPES else "must be one of " + ", ".join(MEDIA_TYPES)


def _body_text(value: Any) -> str | None:
    reason = _TEXT_CHARS(value)
    if reason is None and value.isspace():
        return _BLANK
    return reason


def _what(value: Any) -> str | None:
    known = ("created", "joined", "left", "renamed")
    return None if value in known else "must be one of " + ", ".join(known)


_TEXT_CHARS = text(TEXT_MAX_CHARS, 1)

REQUIRED: dict[EventKind, dict[str, Check]] = {
    EventKind.TEXT: {"text": _body_text},
    EventKind.IMAGE: {
        "name": text(FILE_NAME_MAX_CHARS, 1),
        "media": _media,
        "size": uint(BLOB_MAX_BYTES, 1),
        "sha256": SHA256,
        "width": uint(IMAGE_SIDE_MAX, 1),
        "height": uint(IMAGE_SIDE_MAX, 1),
        "thumb": octets(THUMB_MAX_BYTES, 1),
    },
    EventKind.NOTICE: {"what": _what},
}
"""Fields that an item of each kind must have."""

OPTIONAL: dict[EventKind, dict[str, Check]] = {
    EventKind.TEXT: {},
    EventKind.IMAGE: {"caption": text(CAPTION_MAX_CHARS)},
    EventKind.NOTICE: {"was": text(NICK_MAX_CHARS), "now": text(NICK_MAX_CHARS)},
}
"""Fields that an item of each kind may have."""

FROM_CLIENTS = frozenset({EventKind.TEXT, EventKind.IMAGE})
"""Kinds that a client may send; the broker alone makes the others."""


def encode_item(kind: EventKind, body: Mapping[str, Any]) -> bytes:
    """Return the bytes of an item; raise :class:`WireError` if it breaks a limit."""
    _check_body(kind, body)
    try:
        data = cast(bytes, _pack([int(kind), dict(body)]))
    except UnicodeEncodeError:
        # Python reads a file name that is not UTF-8 as a string with lone surrogates.
        raise WireError(ErrorCode.FIELD, "item", "has text that is not Unicode") from None
    if len(data) > ITEM_MAX_BYTES:
        raise WireError(ErrorCode.TOO_BIG, "item", f"an item may have {ITEM_MAX_BYTES} bytes")
    return data


def decode_item(data: bytes) -> tuple[EventKind, dict[str, Any]]:
    """Read an item of any known kind; raise :class:`WireError`.

    Returns the kind and all fields, the unknown ones too.
    """
    value = unpack(data)
    if type(value) is not list or len(value) < 2 or type(value[1]) is not dict:
        raise WireError(ErrorCode.MALFORMED, "item", "an item is [kind, {field: value}]")
    if type(value[0]) is not int or value[0] not in _KINDS:
        raise WireError(ErrorCode.UNKNOWN_KIND, "kind", "this kind of event is not known here")
    kind = _KINDS[value[0]]
    body: dict[str, Any] = value[1]
    _check_body(kind, body)
    if len(value) > 2 or len(body) > len(REQUIRED[kind]):
        _check_depth(value)
    return kind, body


def check_from_client(data: bytes) -> tuple[EventKind, dict[str, Any] | None]:
    """Check an item that a client sends; raise :class:`WireError` with the reason.

    Returns the kind, and the body where the broker must look into it (a
    picture). The common case, a plain text, takes the short way: this runs
    once for every message.
    """
    value = unpack(data)
    if data.startswith(_TEXT_LEAD):
        body = value[1]
        if type(body) is dict and len(body) == 1:
            words = body.get("text")
            if type(words) is str and 0 < len(words) <= TEXT_MAX_CHARS and not words.isspace():
                return EventKind.TEXT, None
    kind, body = decode_item(data)
    if kind not in FROM_CLIENTS:
        raise WireError(ErrorCode.UNKNOWN_KIND, "kind", "clients may not send this kind")
    return kind, body if kind is EventKind.IMAGE else None


_KINDS = {int(kind): kind for kind in EventKind}


def _check_body(kind: EventKind, body: Mapping[str, Any]) -> None:
    for name, check in REQUIRED[kind].items():
        if name not in body:
            raise WireError(ErrorCode.FIELD, name, "is missing")
        reason = check(body[name])
        if reason is not None:
            raise WireError(ErrorCode.FIELD, name, reason)
    for name, check in OPTIONAL[kind].items():
        if name in body:
            reason = check(body[name])
            if reason is not None:
                raise WireError(ErrorCode.FIELD, name, reason)
    if kind is EventKind.IMAGE and body["width"] * body["height"] > IMAGE_PIXELS_MAX:
        raise WireError(
            ErrorCode.FIELD, "width", f"a picture may have {IMAGE_PIXELS_MAX} pixels in all"
        )


def _check_depth(value: Any) -> None:
    """Refuse nesting beyond DEPTH_MAX, without recursion (the bytes are a stranger's)."""
    level = [value]
    for _ in range(DEPTH_MAX):
        deeper: list[Any] = []
        for one in level:
            if type(one) is list:
                deeper.extend(one)
            elif type(one) is dict:
                deeper.extend(one.values())
        if not deeper:
            return
        level = deeper
    if any(type(one) in (list, dict) for one in level):
        raise WireError(ErrorCode.TOO_DEEP, "item", f"nesting may have {DEPTH_MAX} levels")
