"""Makes ``protocol/vectors.json``: encoded examples of everything that crosses the wire.

Run ``python -m tests.protocol.make_vectors`` after a change of the protocol. The
output depends on nothing but this file and the encoders: no clock, no randomness.
The frames tell one story, a whole conversation, in the order of ``STORY``.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgpack

from protocol import frames as f
from protocol.blocks import NO_OUTBOX, Run, encode_block
from protocol.codes import Act, DirectRule, ErrorCode, EventKind, Kind, Purpose, Role, RoomKind
from protocol.items import encode_item
from protocol.limits import BLOCK_MAX_ITEMS, ITEM_MAX_BYTES, VERSION

PATH = Path(__file__).parents[2] / "protocol" / "vectors.json"
README = PATH.with_name("README.md")

EPOCH = bytes.fromhex("5a76e1a96f6b2d45706f636830303031")
GENERAL = bytes.fromhex("a1000000000000000000000000000001")
DIRECT = bytes.fromhex("b2000000000000000000000000000002")
OLENA = bytes.fromhex("0101010101010101")
TARAS = bytes.fromhex("0202020202020202")
OLENA_DEVICE = bytes.fromhex("d1d1d1d1d1d1d1d1")
OUTBOX = bytes.fromhex("0e0e0e0e0e0e0e0e")
TERM = 7
TS = 1_767_225_600_000
GATEWAYS = ["192.168.1.20:8080", "192.168.1.21:8080"]
PICTURE = b"\x89PNG\r\n\x1a\n not really a picture, but bytes of one"
DOCUMENT = b"%PDF-1.7\n not really a document either"
PORTRAIT = b"\x89PNG\r\n\x1a\n nor somebody's picture"
PORTRAIT_NAME = hashlib.sha256(PORTRAIT).digest()[:8]
SHA256 = hashlib.sha256(PICTURE).digest()

ITEMS: dict[str, tuple[EventKind, dict[str, Any]]] = {
    "text": (EventKind.TEXT, {"text": "Привіт!"}),
    "text_lines": (EventKind.TEXT, {"text": "two\nlines 👋"}),
    "image": (
        EventKind.IMAGE,
        {
            "name": "кіт.png",
            "media": "image/png",
            "size": len(PICTURE),
            "sha256": SHA256,
            "width": 640,
            "height": 480,
            "thumb": b"RIFF\x04\x00\x00\x00WEBP",
        },
    ),
    "image_caption": (
        EventKind.IMAGE,
        {
            "name": "cat.jpg",
            "media": "image/jpeg",
            "size": 123_456,
            "sha256": bytes(range(32)),
            "width": 1,
            "height": 20_000,
            "thumb": b"\xff\xd8\xff",
            "caption": "our cat",
        },
    ),
    "text_answer": (
        EventKind.TEXT,
        {"text": "@taras так!", "reply": 2, "mentions": [TARAS]},
    ),
    "text_forwarded": (EventKind.TEXT, {"text": "Привіт!", "via": "taras"}),
    "file": (
        EventKind.FILE,
        {
            "name": "розклад.pdf",
            "media": "application/pdf",
            "size": len(DOCUMENT),
            "sha256": hashlib.sha256(DOCUMENT).digest(),
        },
    ),
    "file_caption": (
        EventKind.FILE,
        {
            "name": "notes",
            "media": "application/octet-stream",
            "size": 10_485_760,
            "sha256": bytes(range(32)),
            "caption": "all of them",
            "reply": 5,
        },
    ),
    "edit": (EventKind.EDIT, {"of": 2, "text": "Привіт усім!", "mentions": [TARAS]}),
    "delete": (EventKind.DELETE, {"of": 3}),
    "react": (EventKind.REACT, {"of": 2, "emoji": "❤️", "on": True}),
    "react_taken_back": (EventKind.REACT, {"of": 2, "emoji": "❤️", "on": False}),
    "notice_created": (EventKind.NOTICE, {"what": "created"}),
    "notice_joined": (EventKind.NOTICE, {"what": "joined"}),
    "notice_left": (EventKind.NOTICE, {"what": "left"}),
    "notice_muted": (
        EventKind.NOTICE,
        {"what": "muted", "who": TARAS, "nick": "taras", "value": 600, "text": "Прошу тиші"},
    ),
    "notice_removed": (EventKind.NOTICE, {"what": "removed", "of": 3, "who": TARAS}),
    "notice_slow": (EventKind.NOTICE, {"what": "slow", "value": 30}),
    "notice_renamed": (EventKind.NOTICE, {"what": "renamed", "was": "Olena", "now": "Олена"}),
}

_item = {name: encode_item(kind, body) for name, (kind, body) in ITEMS.items()}

BLOCKS: dict[str, tuple[int, int, list[Run]]] = {
    "joined": (1, TS, [(OLENA, "Олена", bytes(8), NO_OUTBOX, 0, [_item["notice_joined"]])]),
    "said": (
        2,
        TS + 1500,
        [(OLENA, "Олена", OLENA_DEVICE, OUTBOX, 1, [_item["text"], _item["text_lines"]])],
    ),
    "two_runs": (
        4,
        TS + 2000,
        [
            (OLENA, "Олена", OLENA_DEVICE, OUTBOX, 4, [_item["image"]]),
            (TARAS, "taras", b"\xd2" * 8, b"\x2e" * 8, 1, [_item["text"]]),
        ],
    ),
}

_block = {name: encode_block(*parts) for name, parts in BLOCKS.items()}
_people = [[OLENA, "Олена", True, 0, b"", 2], [TARAS, "taras", False, 7, PORTRAIT_NAME, 0]]
CLASS = b"\xa4" * 16
_members = [[OLENA, "Олена"], [TARAS, "taras"]]

FRAMES: dict[str, f.AnyFrame] = {
    "hello": f.Hello("zviazok/0.1", "Олена", "q83vEjRWeJCrze8SNFZ4kA", Purpose.TALK),
    "hello_known_device": f.Hello("zviazok/0.1", None, None, Purpose.TALK),
    "hello_bulk": f.Hello("zviazok/0.1", None, None, Purpose.BULK),
    "welcome": f.Welcome(
        OLENA,
        "Олена",
        EPOCH,
        TERM,
        "Zviazok",
        GATEWAYS,
        [[GENERAL, RoomKind.OPEN, "general", 1, []]],
        15_000,
    ),
    "welcome_direct": f.Welcome(
        OLENA,
        "Олена",
        EPOCH,
        TERM,
        "Zviazok",
        GATEWAYS[:1],
        [[GENERAL, RoomKind.OPEN, "general", 5, []], [DIRECT, RoomKind.DIRECT, "", 0, _members]],
        15_000,
    ),
    "read_newest": f.Read(1, GENERAL, 0, 2, 100),
    "page": f.Page(1, GENERAL, EPOCH, 1, False, [_block["joined"]]),
    "send": f.Send(GENERAL, OUTBOX, 1, [_item["text"], _item["text_lines"]]),
    "ack": f.Ack(GENERAL, OUTBOX, 1, 2, EPOCH, 2),
    "events": f.Events(GENERAL, EPOCH, TERM, [_block["said"]]),
    "send_bad": f.Send(GENERAL, OUTBOX, 3, [_item["notice_joined"]]),
    "refused": f.Refused(
        GENERAL,
        OUTBOX,
        3,
        1,
        ErrorCode.UNKNOWN_KIND,
        "kind",
        "clients may not send this kind",
    ),
    "send_after_hole": f.Send(GENERAL, OUTBOX, 9, [_item["text"]]),
    "gap": f.Gap(GENERAL, OUTBOX, 4),
    "busy": f.Busy(GENERAL, OUTBOX, 4, 250),
    "blob_put": f.BlobPut(2, SHA256, len(PICTURE)),
    "blob_have_nothing": f.BlobHave(2, SHA256, len(PICTURE), 0),
    "blob_chunk": f.BlobChunk(2, SHA256, len(PICTURE), 0, PICTURE),
    "blob_have_all": f.BlobHave(2, SHA256, len(PICTURE), len(PICTURE)),
    "send_image": f.Send(GENERAL, OUTBOX, 4, [_item["image"]]),
    "ack_image": f.Ack(GENERAL, OUTBOX, 4, 1, EPOCH, 4),
    "events_two_runs": f.Events(GENERAL, EPOCH, TERM, [_block["two_runs"]]),
    "blob_get": f.BlobGet(3, GENERAL, SHA256, 0, 262_144),
    "blob_data": f.BlobData(3, SHA256, len(PICTURE), 0, PICTURE),
    "read_hole": f.Read(4, GENERAL, 3, 0, 500),
    "page_hole": f.Page(4, GENERAL, EPOCH, 5, False, [_block["two_runs"]]),
    "page_empty": f.Page(5, DIRECT, EPOCH, 0, False, []),
    "ping": f.Ping(42),
    "pong": f.Pong(42, EPOCH, [[GENERAL, 5]]),
    "heads": f.Heads(EPOCH, [[GENERAL, 5], [DIRECT, 0]]),
    "people": f.People(6, b"", 500),
    "people_page": f.PeoplePage(6, False, _people),
    "rooms": f.Rooms(7, b"", 500),
    "rooms_page": f.RoomsPage(7, False, [[GENERAL, "general", 2, True]]),
    "join": f.Join(8, "Книги", True),
    "room": f.Room(8, EPOCH, b"\xa3" * 16, RoomKind.OPEN, "Книги", 2, []),
    "direct": f.Direct(9, [TARAS]),
    "room_direct": f.Room(9, EPOCH, DIRECT, RoomKind.DIRECT, "", 0, _members),
    "leave": f.Leave(10, b"\xa3" * 16),
    "left": f.Left(10, b"\xa3" * 16),
    "rename": f.Rename(11, "Оленка"),
    "renamed": f.Renamed(11, "Оленка"),
    "presence": f.Presence(
        [[OLENA, "Оленка", True, 12, PORTRAIT_NAME, 2], [TARAS, "taras", True, 0, b"", 0]]
    ),
    "link": f.Link(12),
    "linked": f.Linked(12, "L00112233445566778899aabbccddeeff", 600_000),
    "typing": f.Typing(GENERAL),
    "typed": f.Typed(GENERAL, TARAS),
    "mark": f.Mark(GENERAL, 5),
    "marks": f.Marks(14, GENERAL),
    "marked": f.Marked(14, GENERAL, [[OLENA, 5], [TARAS, 3]]),
    "marked_one": f.Marked(0, GENERAL, [[TARAS, 5]]),
    "profile": f.Profile(15, 12, PORTRAIT),
    "profiled": f.Profiled(15, 12, PORTRAIT_NAME),
    "profile_plain": f.Profile(16, 0, b""),
    "profiled_plain": f.Profiled(16, 0, b""),
    "portraits": f.Portraits(17, [OLENA, TARAS]),
    "portraits_page": f.PortraitsPage(17, [[OLENA, PORTRAIT]]),
    "send_file": f.Send(GENERAL, OUTBOX, 5, [_item["file"]]),
    "send_changes": f.Send(GENERAL, OUTBOX, 6, [_item["edit"], _item["delete"], _item["react"]]),
    "private": f.Private(18, "Клас 7-А", [TARAS]),
    "room_private": f.Room(18, EPOCH, CLASS, RoomKind.PRIVATE, "Клас 7-А", 2, []),
    "add": f.Add(19, CLASS, [TARAS]),
    "done": f.Done(19),
    "members": f.Members(20, CLASS, b"", 500),
    "members_page": f.MembersPage(
        20, CLASS, False, [[OLENA, "Олена", True, Role.OWNER], [TARAS, "taras", False, Role.MEMBER]]
    ),
    "order": f.Order(21, CLASS),
    "ordered": f.Ordered(
        21,
        CLASS,
        False,
        True,
        30,
        DirectRule.WITH_MODERATORS,
        [[OLENA, Role.OWNER]],
        [[TARAS, 1_767_000_600_000]],
        [TARAS],
    ),
    "ordered_plain": f.Ordered(0, CLASS, False, False, 0, DirectRule.FREE, [], [], []),
    "act_mute": f.Act(22, Act.MUTE, CLASS, TARAS, b"", 600, "Прошу тиші"),
    "act_pause": f.Act(23, Act.PAUSE, CLASS, b"", b"", 1, ""),
    "act_ban_device": f.Act(24, Act.BAN_DEVICE, bytes(16), TARAS, b"\xd2" * 8, 0, "lost"),
    "done_act": f.Done(24),
    "hand": f.Hand(CLASS, True),
    "hand_down": f.Hand(CLASS, False),
    "devices": f.Devices(25, TARAS),
    "devices_page": f.DevicesPage(25, [[b"\xd2" * 8, False, True], [b"\xd3" * 8, True, False]]),
    "audit": f.Audit(26, 0, 50),
    "audit_page": f.AuditPage(
        26,
        False,
        [[7, 1_767_000_000_000, OLENA, "Олена", Act.BAN_DEVICE, TARAS, "taras", 0, "lost"]],
    ),
    "error_forbidden": f.Error(
        ErrorCode.FORBIDDEN, "role", "only moderators may do this", Kind.ACT, 23
    ),
    "bye_banned": f.Bye(ErrorCode.BANNED, "you were banned from this server", 3_600_000, []),
    "error": f.Error(ErrorCode.NO_ROOM, "name", "there is no room of this name", Kind.JOIN, 13),
    "error_no_session": f.Error(ErrorCode.NO_SESSION, "kind", "say HELLO first", Kind.PING, 0),
    "bye": f.Bye(ErrorCode.STOPPING, "this gateway stops", 1_234, GATEWAYS[1:]),
    "bye_token": f.Bye(ErrorCode.TOKEN, "this invite link is not valid any more", 60_000, []),
    "bye_of_a_client": f.Bye(0, "", 0, []),
}
"""A name for every example; the order is that of a session."""

STORY = (
    ("client", "hello"),
    ("server", "welcome"),
    ("client", "read_newest"),
    ("server", "page"),
    ("client", "send"),
    ("server", "ack"),
    ("server", "events"),
    ("client", "send_bad"),
    ("server", "refused"),
    ("client", "send_after_hole"),
    ("server", "gap"),
    ("client", "ping"),
    ("server", "pong"),
    ("client", "read_hole"),
    ("server", "page_hole"),
    ("server", "bye"),
)
"""The conversation that the specification shows in bytes."""

DIRECTION = {
    **dict.fromkeys(
        (
            Kind.HELLO,
            Kind.SEND,
            Kind.READ,
            Kind.PING,
            Kind.PEOPLE,
            Kind.ROOMS,
            Kind.JOIN,
            Kind.DIRECT,
            Kind.LEAVE,
            Kind.RENAME,
            Kind.LINK,
            Kind.TYPING,
            Kind.MARK,
            Kind.MARKS,
            Kind.PROFILE,
            Kind.PORTRAITS,
            Kind.BLOB_PUT,
            Kind.BLOB_CHUNK,
            Kind.BLOB_GET,
            Kind.PRIVATE,
            Kind.ADD,
            Kind.MEMBERS,
            Kind.ORDER,
            Kind.ACT,
            Kind.HAND,
            Kind.DEVICES,
            Kind.AUDIT,
        ),
        "client to gateway",
    ),
    Kind.BYE: "both",
}


def _frame(kind: int, *fields: Any) -> bytes:
    data: bytes = msgpack.packb(list(fields))
    return bytes((VERSION, kind)) + data


def _packed(value: Any) -> bytes:
    data: bytes = msgpack.packb(value)
    return data


_run = [OLENA, "Олена", OLENA_DEVICE, OUTBOX, 1, [b"\x01"]]
_image = ITEMS["image"][1]
_file = ITEMS["file"][1]

INVALID: dict[str, tuple[str, bytes, ErrorCode, str]] = {
    "empty": ("frame", b"", ErrorCode.MALFORMED, ""),
    "only_a_kind": ("frame", b"\x01\x0b", ErrorCode.MALFORMED, ""),
    "other_version": ("frame", b"\x02\x0b\x91\x01", ErrorCode.VERSION, "version"),
    "unknown_kind": ("frame", b"\x01\xc8\x91\x01", ErrorCode.UNKNOWN_KIND, "kind"),
    "not_msgpack": ("frame", b"\x01\x0b\xc1", ErrorCode.MALFORMED, ""),
    "cut_short": ("frame", f.encode(FRAMES["send"])[:-1], ErrorCode.MALFORMED, ""),
    "bytes_behind": ("frame", f.encode(FRAMES["ping"]) + b"\x00", ErrorCode.MALFORMED, ""),
    "not_an_array": ("frame", b"\x01\x0b\x2a", ErrorCode.MALFORMED, ""),
    "not_utf8": ("frame", b"\x01\x1d\x92\x0b\xa1\xff", ErrorCode.MALFORMED, ""),
    "field_missing": ("frame", _frame(Kind.READ, 1, GENERAL, 0), ErrorCode.FIELD, "before"),
    "field_of_other_type": ("frame", _frame(Kind.PING, "42"), ErrorCode.FIELD, "nonce"),
    "true_is_no_number": ("frame", _frame(Kind.PING, True), ErrorCode.FIELD, "nonce"),
    "field_too_big": ("frame", _frame(Kind.READ, 1, GENERAL, 0, 0, 501), ErrorCode.FIELD, "limit"),
    "field_too_long": (
        "frame",
        _frame(Kind.HELLO, "a" * 65, "n", "t", 0),
        ErrorCode.FIELD,
        "agent",
    ),
    "room_too_short": ("frame", _frame(Kind.LEAVE, 1, bytes(15)), ErrorCode.FIELD, "room"),
    "n_from_1": (
        "frame",
        _frame(Kind.SEND, GENERAL, OUTBOX, 0, [b"x"]),
        ErrorCode.FIELD,
        "first_n",
    ),
    "no_items": ("frame", _frame(Kind.SEND, GENERAL, OUTBOX, 1, []), ErrorCode.FIELD, "items"),
    "too_many_items": (
        "frame",
        _frame(Kind.SEND, GENERAL, OUTBOX, 1, [b"x"] * 129),
        ErrorCode.FIELD,
        "items",
    ),
    "array_claims_too_much": ("frame", b"\x01\x0b\xdd\x00\x01\x00\x00", ErrorCode.MALFORMED, ""),
    "nested_too_deep": ("frame", b"\x01\x0b" + b"\x91" * 1100, ErrorCode.TOO_DEEP, ""),
    "extension": ("frame", b"\x01\x0b\x91\xd6\xff\x00\x00\x00\x00", ErrorCode.MALFORMED, ""),
    "item_not_an_array": ("item", _packed({"text": "x"}), ErrorCode.MALFORMED, "item"),
    "item_of_unknown_kind": ("item", _packed([99, {}]), ErrorCode.UNKNOWN_KIND, "kind"),
    "item_kind_true": ("item", _packed([True, {"text": "x"}]), ErrorCode.UNKNOWN_KIND, "kind"),
    "item_of_the_server": ("item", _item["notice_joined"], ErrorCode.UNKNOWN_KIND, "kind"),
    "text_missing": ("item", _packed([1, {}]), ErrorCode.FIELD, "text"),
    "text_empty": ("item", _packed([1, {"text": ""}]), ErrorCode.FIELD, "text"),
    "text_blank": ("item", _packed([1, {"text": " \n\u3000"}]), ErrorCode.FIELD, "text"),
    "text_too_long": ("item", _packed([1, {"text": "x" * 4097}]), ErrorCode.FIELD, "text"),
    "item_nested_too_deep": (
        "item",
        _packed([1, {"text": "x", "more": [[[1]]]}]),
        ErrorCode.TOO_DEEP,
        "item",
    ),
    "image_media": (
        "item",
        _packed([2, {**_image, "media": "image/tiff"}]),
        ErrorCode.FIELD,
        "media",
    ),
    "image_pixels": (
        "item",
        _packed([2, {**_image, "width": 20_000, "height": 20_000}]),
        ErrorCode.FIELD,
        "width",
    ),
    "mark_from_1": ("frame", _frame(Kind.MARK, GENERAL, 0), ErrorCode.FIELD, "seq"),
    "person_row_of_four": (
        "frame",
        _frame(Kind.PRESENCE, [[OLENA, "Олена", True, 0]]),
        ErrorCode.FIELD,
        "people",
    ),
    "colour_too_big": ("frame", _frame(Kind.PROFILE, 1, 256, b""), ErrorCode.FIELD, "colour"),
    "portraits_of_nobody": ("frame", _frame(Kind.PORTRAITS, 1, []), ErrorCode.FIELD, "people"),
    "text_reply_to_0": ("item", _packed([1, {"text": "x", "reply": 0}]), ErrorCode.FIELD, "reply"),
    "text_mentions": (
        "item",
        _packed([1, {"text": "x", "mentions": [bytes(7)]}]),
        ErrorCode.FIELD,
        "mentions",
    ),
    "text_via_nobody": ("item", _packed([1, {"text": "x", "via": ""}]), ErrorCode.FIELD, "via"),
    "file_media": ("item", _packed([3, {**_file, "media": "Text"}]), ErrorCode.FIELD, "media"),
    "edit_of_nothing": ("item", _packed([4, {"text": "x"}]), ErrorCode.FIELD, "of"),
    "delete_of_0": ("item", _packed([5, {"of": 0}]), ErrorCode.FIELD, "of"),
    "react_in_words": (
        "item",
        _packed([6, {"of": 2, "emoji": "so what", "on": True}]),
        ErrorCode.FIELD,
        "emoji",
    ),
    "react_on_1": ("item", _packed([6, {"of": 2, "emoji": "👍", "on": 1}]), ErrorCode.FIELD, "on"),
    "block_empty": ("block", _packed([1, TS, []]), ErrorCode.FIELD, "block"),
    "block_from_0": ("block", _packed([0, TS, [_run]]), ErrorCode.FIELD, "block"),
    "block_of_too_many": (
        "block",
        _packed([1, TS, [_run] * BLOCK_MAX_ITEMS + [_run]]),
        ErrorCode.FIELD,
        "block",
    ),
    "block_item_too_big": (
        "block",
        _packed([1, TS, [[*_run[:5], [bytes(ITEM_MAX_BYTES + 1)]]]]),
        ErrorCode.FIELD,
        "block",
    ),
}
"""What must be refused: what it claims to be, its bytes, the code and the field."""

_LONG = 2_000
"""Bytes above which an invalid example is not worth its place in the file."""


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: bytes as ``{"hex": …}``."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value


def vectors() -> dict[str, Any]:
    """Return everything that the file holds."""
    frames = []
    for name, frame in FRAMES.items():
        kind = f.KIND_OF[type(frame)]
        names: tuple[str, ...] = frame._fields  # type: ignore[attr-defined]
        frames.append(
            {
                "name": name,
                "kind": kind.name,
                "number": int(kind),
                "direction": DIRECTION.get(kind, "gateway to client"),
                "fields": dict(zip(names, plain(frame), strict=True)),
                "bytes": f.encode(frame).hex(),
            }
        )
    items = [
        {
            "name": name,
            "kind": kind.name,
            "number": int(kind),
            "fields": plain(body),
            "bytes": _item[name].hex(),
        }
        for name, (kind, body) in ITEMS.items()
    ]
    blocks = [
        {
            "name": name,
            "first_seq": first_seq,
            "ts": ts,
            "runs": plain(runs),
            "bytes": _block[name].hex(),
        }
        for name, (first_seq, ts, runs) in BLOCKS.items()
    ]
    invalid = [
        {"name": name, "of": of, "code": code.name, "number": int(code), "field": field}
        | {"bytes": data.hex()}
        for name, (of, data, code, field) in INVALID.items()
        if len(data) <= _LONG
    ]
    return {
        "version": VERSION,
        "frames": frames,
        "items": items,
        "blocks": blocks,
        "invalid": invalid,
        "story": [{"from": who, "frame": name} for who, name in STORY],
    }


def rendered() -> str:
    """Return the text of the file."""
    return json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n"


def story() -> str:
    """Return the conversation as the specification shows it: arrow, kind, bytes in hex."""
    lines = []
    for who, name in STORY:
        frame = FRAMES[name]
        arrow = "C → S" if who == "client" else "S → C"
        lines.append(f"{arrow}  {f.KIND_OF[type(frame)].name}")
        data = f.encode(frame).hex()
        lines += [f"    {data[at : at + 92]}" for at in range(0, len(data), 92)]
    return "\n".join(lines) + "\n"


def with_story(text: str) -> str:
    """Return the text of the specification with the conversation of today in it."""
    before, opening, rest = text.partition("<!-- story -->\n")
    _, closing, after = rest.partition("<!-- /story -->")
    if not opening or not closing:
        raise ValueError("the specification has no place for the conversation")
    return f"{before}{opening}```\n{story()}```\n{closing}{after}"


if __name__ == "__main__":
    PATH.write_text(rendered(), encoding="utf-8", newline="\n")
    page = README.read_text(encoding="utf-8")
    README.write_text(with_story(page), encoding="utf-8", newline="\n")
    print(f"{PATH.name}: {len(FRAMES)} frames, {len(ITEMS)} items, {len(BLOCKS)} blocks")
