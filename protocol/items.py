"""Items: what a message says, as opaque bytes on the way and checked values at both ends.

An item is one msgpack array ``[kind, {field: value}]``. The gateway checks an
item before the broker stores it; the client checks it again before it shows
it. Between them nobody decodes it. Unknown fields are ignored; an unknown kind
is refused on the way in and shown as "needs a newer version" on the way out.
Pure; no I/O.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

import msgpack

from protocol.codes import ErrorCode, EventKind
from protocol.errors import WireError
from protocol.fields import (
    COUNTER,
    PERSON,
    SEQ,
    SHA256,
    Check,
    boolean,
    list_of,
    octets,
    text,
    uint,
)
from protocol.frames import unpack
from protocol.limits import (
    BLOB_MAX_BYTES,
    CAPTION_MAX_CHARS,
    DEPTH_MAX,
    FILE_NAME_MAX_CHARS,
    IMAGE_PIXELS_MAX,
    IMAGE_SIDE_MAX,
    ITEM_MAX_BYTES,
    MEDIA_MAX_CHARS,
    MEDIA_TYPES,
    MENTIONS_MAX,
    NICK_MAX_CHARS,
    REACTION_MAX_CHARS,
    REASON_MAX_CHARS,
    TEXT_MAX_CHARS,
    THUMB_MAX_BYTES,
)

_pack = msgpack.Packer(autoreset=True).pack
_TEXT_LEAD = bytes((0x92, EventKind.TEXT))
"""An array of two whose first element is the integer 1: how a text begins."""
_BLANK = "a text must have at least one visible character"


def _media(value: Any) -> str | None:
    return None if value in MEDIA_TYPES else "must be one of " + ", ".join(MEDIA_TYPES)


def _any_media(value: Any) -> str | None:
    if _MEDIA_CHARS(value) is None and _MEDIA.fullmatch(value):
        return None
    return "must be a media type such as text/plain"


def _emoji(value: Any) -> str | None:
    reason = _EMOJI_CHARS(value)
    if reason is None and not _EMOJI.fullmatch(value):
        return "must be an emoji"
    return reason


def _body_text(value: Any) -> str | None:
    reason = _TEXT_CHARS(value)
    if reason is None and value.isspace():
        return _BLANK
    return reason


NOTICES = (
    "created",
    "joined",
    "left",
    "renamed",
    "kicked",
    "banned",
    "unbanned",
    "muted",
    "unmuted",
    "removed",
    "paused",
    "announce",
    "slow",
    "direct",
    "role",
)
"""What a notice may tell."""


def _what(value: Any) -> str | None:
    return None if value in NOTICES else "must be one of " + ", ".join(NOTICES)


_TEXT_CHARS = text(TEXT_MAX_CHARS, 1)
_EMOJI_CHARS = text(REACTION_MAX_CHARS, 1)
_JOINING = "#*0-9\u200d\ufe0f\U000e0020-\U000e007f"
_SHOWING = (
    "\xa9\xae\u203c\u2049\u20e3\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf"
    "\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_EMOJI = re.compile(f"[{_JOINING}]*[{_SHOWING}][{_JOINING}{_SHOWING}]*")
"""By ranges, and not by what Python's tables know: both ends must decide alike, and emoji of later
Unicode versions fall into the same blocks."""

_MEDIA_CHARS = text(MEDIA_MAX_CHARS, 1)
_MEDIA = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
"""RFC 6838, section 4.2, in lower case."""

_POSTED: dict[str, Check] = {
    "reply": COUNTER,
    "mentions": list_of(PERSON, MENTIONS_MAX),
    "via": text(NICK_MAX_CHARS, 1),
}
"""What everything that is said may have: the ``seq`` that it answers, who is named in it, and
(``via``) the nickname of whoever said it first, by the word of whoever passes it on."""

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
    EventKind.FILE: {
        "name": text(FILE_NAME_MAX_CHARS, 1),
        "media": _any_media,
        "size": uint(BLOB_MAX_BYTES, 1),
        "sha256": SHA256,
    },
    EventKind.EDIT: {"of": COUNTER, "text": text(TEXT_MAX_CHARS)},
    EventKind.DELETE: {"of": COUNTER},
    EventKind.REACT: {"of": COUNTER, "emoji": _emoji, "on": boolean},
    EventKind.NOTICE: {"what": _what},
}
"""Fields that an item of each kind must have. ``of`` is the ``seq`` of what is changed."""

OPTIONAL: dict[EventKind, dict[str, Check]] = {
    EventKind.TEXT: _POSTED,
    EventKind.IMAGE: {"caption": text(CAPTION_MAX_CHARS), **_POSTED},
    EventKind.FILE: {"caption": text(CAPTION_MAX_CHARS), **_POSTED},
    EventKind.EDIT: {"mentions": _POSTED["mentions"]},
    EventKind.DELETE: {},
    EventKind.REACT: {},
    EventKind.NOTICE: {
        "was": text(NICK_MAX_CHARS),
        "now": text(NICK_MAX_CHARS),
        "who": PERSON,
        "nick": text(NICK_MAX_CHARS),
        "of": COUNTER,
        "value": SEQ,
        "text": text(REASON_MAX_CHARS),
    },
}
"""Fields that an item of each kind may have."""

SAID = frozenset({EventKind.TEXT, EventKind.IMAGE, EventKind.FILE})
"""Kinds that stand for themselves in a conversation."""

CHANGES = frozenset({EventKind.EDIT, EventKind.DELETE, EventKind.REACT})
"""Kinds that change how an earlier event of the room is shown."""

WITH_BLOB = frozenset({EventKind.IMAGE, EventKind.FILE})
"""Kinds that name a blob, which must be stored before them."""

FROM_CLIENTS = SAID | CHANGES
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


def item_kind(data: bytes) -> int:
    """Return the kind of an item that was checked before, without reading the rest of it.

    0 where it is written in an unusual way: whoever asks then takes it for what it likes least.
    """
    return data[1] if data[0] == 0x92 and data[1] < 0x80 else 0


def check_from_client(data: bytes) -> tuple[EventKind, dict[str, Any] | None]:
    """Check an item that a client sends; raise :class:`WireError` with the reason.

    Returns the kind, and the body where the broker must look into it (a
    picture or a file). The common case, a plain text, takes the short way: this runs
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
    return kind, body if kind in WITH_BLOB else None


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
