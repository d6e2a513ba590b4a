"""A conversation to look at: the same in every run, for golden pictures and the README's.

Times are of today (or long ago), so that no picture depends on the day it is made.
"""

import io
from dataclasses import replace
from datetime import datetime, timedelta

from PIL import Image, ImageDraw

from protocol.client.happenings import (
    Arrived,
    Happening,
    Link,
    LinkChanged,
    Marked,
    Message,
    OrderKnown,
    PeopleKnown,
    PersonInfo,
    Queued,
    RoomInfo,
    RoomOrder,
    RoomsChanged,
    Sent,
    Welcomed,
)
from protocol.codes import EventKind, Role, RoomKind
from tests.gui.fakes import members_known

EPOCH = b"e" * 16
ME, OLENA, MARKO, ZOFIA, SOMCHAI, PYOTR = (bytes((n,)) * 8 for n in (4, 1, 2, 3, 5, 6))
CLASS, GENERAL, PROJECT, DIRECT = (letter * 16 for letter in (b"c", b"g", b"p", b"d"))

PEOPLE = (
    PersonInfo(OLENA, "Олена", True, 1),
    PersonInfo(MARKO, "Marko", True, 4),
    PersonInfo(ZOFIA, "Zofia Łęcka", True, 7),
    PersonInfo(ME, "Andriy", True, 2),
    PersonInfo(SOMCHAI, "สมชาย", False, 9),
    PersonInfo(PYOTR, "Пётр", False, 11),
)
_NICKS = {one.person: one.nick for one in PEOPLE}


def at(hour: int, minute: int, days_ago: int = 0) -> int:
    """Milliseconds since 1970 of a local time."""
    day = datetime.now().replace(hour=hour, minute=minute, second=0, microsecond=0)
    return int((day - timedelta(days=days_ago)).timestamp() * 1000)


def said(room: bytes, seq: int, ts: int, person: bytes, words: str, **more: object) -> Message:
    """Return a text; ``more`` are fields of its body."""
    body = {"text": words, **more}
    nick = _NICKS[person]
    return Message(room, EPOCH, seq, ts, person, nick, EventKind.TEXT, body, person == ME, 0)


def landscape(width: int = 640, height: int = 400) -> bytes:
    """Return a small painted picture as WebP."""
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    for y in range(height):
        part = y / height
        colour = (int(250 - 110 * part), int(196 - 60 * part), int(140 + 60 * part))
        draw.line((0, y, width, y), fill=colour)
    draw.ellipse((width * 0.62, height * 0.16, width * 0.76, height * 0.38), fill=(255, 240, 200))
    for x, top, shade in (
        (0, 0.62, (96, 86, 130)),
        (0.3, 0.7, (70, 64, 108)),
        (0, 0.84, (46, 44, 80)),
    ):
        points = [(width * x, height), (width * (x + 0.35), height * top), (width * 1.1, height)]
        draw.polygon(points, fill=shade)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=80)
    return out.getvalue()


def conversation() -> tuple[Message, ...]:
    """The messages of the open room."""
    picture = {
        "name": "захід.jpg", "media": "image/jpeg", "size": 284_000, "sha256": b"\x01" * 32,
        "width": 1600, "height": 1000, "thumb": landscape(320, 200), "caption": "З уроку в парку",
    }  # fmt: skip
    file = {
        "name": "домашнє завдання.pdf", "media": "application/pdf", "size": 1_482_000,
        "sha256": b"\x02" * 32,
    }  # fmt: skip
    up, heart = "\U0001f44d", "\u2764\ufe0f"
    rows = [
        said(CLASS, 1, at(8, 2), OLENA, "Доброго ранку! Сьогодні розбираємо дроби. "
             "Ґудзик, їжак, ємність – усі літери на місці?"),
        said(CLASS, 2, at(8, 3), OLENA, "Завдання: https://example.org/uroky/7"),
        said(CLASS, 3, at(8, 5), ZOFIA, "Zażółć gęślą jaźń – wszystko widać \U0001f642"),
        said(CLASS, 4, at(8, 6), ME, "Усе видно. А можна здати фото зошита?", reply=2),
        said(CLASS, 5, at(8, 7), OLENA, "Так, @Andriy, можна.", mentions=[ME]),
        Message(CLASS, EPOCH, 6, at(8, 9), OLENA, "Олена", EventKind.IMAGE, picture, False, 0),
        said(CLASS, 7, at(8, 12), SOMCHAI, "สวัสดีครับ น้ำใสไหลเย็นเห็นตัวปลา ที่นี่อ่านได้ครบทุกวรรณยุกต์"),
        Message(CLASS, EPOCH, 8, at(8, 13), MARKO, "Marko", EventKind.FILE, file, False, 0),
        said(CLASS, 9, at(8, 15), PYOTR, "Ёлка, ёжик и съёмка: буква ё на месте."),
        said(CLASS, 10, at(8, 16), ME, "Дякую всім! \U0001f389\U0001f1fa\U0001f1e6"),
    ]  # fmt: skip
    rows[0] = replace(rows[0], reactions=((up, (ME, ZOFIA, MARKO)), (heart, (SOMCHAI,))))
    rows[2] = replace(rows[2], edited=True)
    return tuple(rows)


def _room(
    room: bytes, kind: RoomKind, name: str, members: tuple[bytes, ...], head: int
) -> RoomInfo:
    rows = tuple((one, _NICKS[one]) for one in members)
    return RoomInfo(room, kind, name, rows, EPOCH, head, 0, head)


def opening() -> list[Happening]:
    """What the client tells before the open room has its messages."""
    return [
        Welcomed(ME, "Andriy", "7-Б"),
        LinkChanged(Link.ONLINE, "192.168.1.20:8080"),
        RoomsChanged(
            (
                _room(CLASS, RoomKind.OPEN, "Математика", (), 10),
                _room(GENERAL, RoomKind.OPEN, "general", (), 40),
                _room(PROJECT, RoomKind.PRIVATE, "Projekt „Ęą”", (), 12),
                _room(DIRECT, RoomKind.DIRECT, "", (ME, ZOFIA), 5),
            )
        ),
        PeopleKnown(PEOPLE),
        members_known(CLASS, PEOPLE),
        OrderKnown(
            CLASS,
            RoomOrder(
                direct=1,
                roles=((OLENA, Role.OWNER), (MARKO, Role.MODERATOR)),
                muted=((PYOTR, 0),),
                hands=(ZOFIA,),
            ),
        ),
    ]


def news() -> list[Happening]:
    """What was said in other rooms, and how far others have read."""
    return [
        Arrived(PROJECT, (said(PROJECT, 13, at(7, 30), MARKO, "Plan na jutro: makieta"),), False),
        Arrived(
            GENERAL,
            (
                said(GENERAL, 41, at(7, 45), PYOTR, "Кто идёт в столовую?"),
                said(GENERAL, 42, at(7, 46), MARKO, "@Andriy?", mentions=[ME]),
            ),
            False,
        ),
        Arrived(DIRECT, (said(DIRECT, 6, at(7, 58), ZOFIA, "Do zobaczenia \U0001f44b"),), False),
        Marked(CLASS, ((OLENA, 10),)),
    ]


def on_its_way() -> list[Happening]:
    """A message of one's own that is not stored yet."""
    return [Queued(CLASS, 1, EventKind.TEXT, {"text": "До завтра"}), Sent(CLASS, 1, 1)]
