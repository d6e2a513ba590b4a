"""A client's file for the benchmark of the window: rooms with a long history in five languages."""

import hashlib
import io
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from protocol.blocks import Event
from protocol.client.operations import Apply, PersonRow, PutMe, PutPeople, PutRoom
from protocol.client.profile import Profile
from protocol.client.store import Store
from protocol.codes import EventKind, RoomKind
from protocol.folders import profiles_folder
from protocol.invite import Invite
from protocol.items import encode_item
from tests.benchmarks.corpus import bodies

NICK = "Marko"
LOBBY, BIG = b"l" * 16, b"b" * 16
EPOCH = b"E" * 16
ME = b"m" * 8
PEOPLE = {
    ME: NICK, b"a" * 8: "Олена", b"b" * 8: "Zofia Łęcka", b"c" * 8: "สมชาย", b"d" * 8: "Пётр",
    b"e" * 8: "Ann",
}  # fmt: skip
EMOJI = ("\U0001f600", "\U0001f44d", "\u2764\ufe0f", "\U0001f1fa\U0001f1e6", "\U0001f389")
STEP_MS = 40_000
_BATCH = 5_000
_SIZE = 150


def invite() -> Invite:
    """Return a link to a place where nobody answers: the window works from its file."""
    return Invite(("127.0.0.1:9",), hashlib.sha256(b"bench").digest(), "bench")


def fill(data: Path, count: int) -> None:
    """Make the profile of one person: a room with a few words, and one with ``count`` events."""
    profiles = profiles_folder(data)
    # Chosen outright: what the desktop is set to must not change the figures.
    chosen = {"nick": NICK, "theme": "light", "language": "en", "scale": 1.0}
    (profiles / "gui.json").write_text(json.dumps(chosen), encoding="utf-8")
    profile = Profile.open(profiles, invite(), NICK)
    store = Store(profile.store_path)
    try:
        rows = tuple(PersonRow(person, nick) for person, nick in PEOPLE.items())
        store.apply([PutMe(ME, NICK, "bench"), PutPeople(rows)])
        for room, name, size in ((LOBBY, "Lobby", 3), (BIG, "Big", count)):
            store.apply([PutRoom(room, RoomKind.OPEN, name, (), EPOCH, size)])
            last_ms = int(time.time() * 1000) - (60_000 if room == BIG else 0)
            batch: list[Event] = []
            for event in events(size, last_ms):
                batch.append(event)
                if len(batch) == _BATCH or event.seq == size:
                    store.apply([Apply(room, EPOCH, tuple(batch), 0, event.seq, size)])
                    batch.clear()
    finally:
        store.close()
        profile.close()


def events(count: int, last_ms: int) -> Iterator[Event]:
    """Yield events of a lively conversation: texts, emoji, answers, reactions, pictures, edits."""
    chance = random.Random(7)
    texts = bodies(2_000, _SIZE)
    people = list(PEOPLE.items())
    thumbs = [_thumb(chance) for _ in range(8)]
    who = people[0]
    for seq in range(1, count + 1):
        if chance.random() < 0.6:
            who = chance.choice(people)
        kind, body = EventKind.TEXT, _said(texts[seq % len(texts)], chance, seq)
        draw = chance.random()
        if draw < 0.04:
            kind, body = EventKind.IMAGE, _picture(thumbs[seq % 8], seq)
        elif draw < 0.12 and seq > 1:
            back = chance.randint(1, min(30, seq - 1))
            kind, body = EventKind.REACT, {
                "of": seq - back, "emoji": chance.choice(EMOJI), "on": True
            }  # fmt: skip
        item = encode_item(kind, body)
        ts = last_ms - (count - seq) * STEP_MS
        yield Event(seq, ts, who[0], who[1], b"d" * 8, b"x" * 8, seq, item)


def _said(text: str, chance: random.Random, seq: int) -> dict[str, object]:
    words = text[: chance.randint(8, len(text))].strip() or "ok"
    if chance.random() < 0.25:
        words += " " + chance.choice(EMOJI)
    body: dict[str, object] = {"text": words}
    if seq > 20 and chance.random() < 0.1:
        body["reply"] = seq - chance.randint(1, 20)
    return body


def _thumb(chance: random.Random) -> bytes:
    image = Image.effect_noise((160, 100), chance.uniform(10, 60))
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=50)
    return file.getvalue()


def _picture(thumb: bytes, seq: int) -> dict[str, object]:
    return {
        "name": f"picture {seq}.jpg", "media": "image/jpeg", "size": 200_000,
        "sha256": hashlib.sha256(str(seq).encode()).digest(), "width": 1600, "height": 1000,
        "thumb": thumb,
    }  # fmt: skip
