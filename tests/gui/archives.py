"""A conversation to archive, with everything that one can have, and jobs over it."""

import hashlib
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from PIL import Image

from gui.archive.job import Gather, Job, Outcome
from gui.archive.survey import Format, Order
from gui.words.i18n import Words
from protocol.blocks import Event
from protocol.client.operations import Apply, PersonRow, PutPeople, PutRoom
from protocol.codes import EventKind, RoomKind
from protocol.items import encode_item
from tests.protocol.client.shelf import EPOCH, GENERAL, ME, OLENA, Shelf

NOON = 1_795_176_000_000
"""2026-11-20, about noon, in ms."""
DAY_MS = 86_400_000
DATE = date(2026, 11, 20)


def png(side: int = 40, colour: str = "#3355aa") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


class Scene:
    """A room with messages; ``files`` are what can be fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf(folder / "store.sqlite3")
        self.files: dict[bytes, bytes] = {}
        self.asked: list[bytes] = []
        people = (PersonRow(ME, "Marko", 3), PersonRow(OLENA, "Олена"))
        self.shelf.store.apply([PutPeople(people)])
        self.seen: list[tuple[int, int, str]] = []

    def say(self, text: str, person: bytes = OLENA, ts: int = NOON, **more: Any) -> int:
        return self.shelf.add({"text": text, **more}, person=person, ts=ts)

    def change(self, kind: EventKind, person: bytes = OLENA, **body: Any) -> int:
        return self.shelf.add(body, kind=kind, person=person, ts=NOON)

    def picture(self, name: str = "cat.png", **more: Any) -> bytes:
        data = png(200 + len(self.files))
        body = {
            **self.blob(data), "name": name, "media": "image/png", "width": 200, "height": 200,
            "thumb": png(8), **more,
        }  # fmt: skip
        self.shelf.add(body, kind=EventKind.IMAGE, person=OLENA, ts=NOON)
        return bytes(body["sha256"])

    def document(self, name: str = "notes.txt", data: bytes = b"hello", **more: Any) -> bytes:
        body = {**self.blob(data), "name": name, "media": "text/html", **more}
        self.shelf.add(body, kind=EventKind.FILE, person=OLENA, ts=NOON)
        return bytes(body["sha256"])

    def blob(self, data: bytes) -> dict[str, Any]:
        sha256 = hashlib.sha256(data).digest()
        self.files[sha256] = data
        return {"sha256": sha256, "size": len(data)}

    def fill(self) -> None:
        """Say one of everything."""
        self.shelf.add({"what": "created"}, kind=EventKind.NOTICE, person=ME, ts=NOON - DAY_MS)
        first = self.say("Привіт усім! https://example.org/a?b=1&c=2", ts=NOON - DAY_MS)
        self.say("Zażółć gęślą jaźń\nдругий рядок 👍🏽", person=ME, reply=first)
        gone = self.say("not for long")
        edited = self.say("сьогодни", person=ME)
        self.say("สวัสดีครับ วันนี้อากาศดีมาก", via="Сомчай")
        self.picture(caption="ось кіт")
        self.document()
        self.change(EventKind.DELETE, of=gone)
        self.change(EventKind.EDIT, ME, of=edited, text="сьогодні")
        self.change(EventKind.REACT, of=edited, emoji="❤️", on=True)
        self.change(EventKind.REACT, ME, of=edited, emoji="❤️", on=True)
        self.shelf.add({}, raw=b"\x92\x60\x81\xa1x\x01", ts=NOON)
        self.say("a reply to nothing", reply=9999)

    def part(self, first: int, last: int, head: int) -> None:
        """Hold only a stretch of another history."""
        events = [
            Event(
                seq, NOON + (seq - first) * DAY_MS, OLENA, "Олена", b"d" * 8, b"x" * 8, seq,
                encode_item(EventKind.TEXT, {"text": f"text {seq}"}),
            )
            for seq in range(first, last + 1)
        ]  # fmt: skip
        self.shelf.store.apply(
            [
                PutRoom(GENERAL, RoomKind.OPEN, "general", (), EPOCH, head),
                Apply(GENERAL, EPOCH, tuple(events), first - 1, last, head),
            ]
        )

    def fetch(self, sha256: bytes, size: int) -> Path | str:
        self.asked.append(sha256)
        data = self.files.get(sha256)
        if data is None:
            return "the server has lost it"
        path = self.folder / sha256.hex()
        path.write_bytes(data)
        return path

    def job(
        self, target: Path, format: Format = Format.PAGE, language: str = "en",
        gather: Gather | None = None, progress: Callable[[int, int, str], None] | None = None,
        title: str = "general", **wishes: Any,
    ) -> Job:  # fmt: skip
        order = Order(GENERAL, title, target, format, **wishes)
        heard = progress or (lambda *told: self.seen.append(told))
        tr = Words(language)
        return Job(order, self.shelf.path, tr, self.fetch, gather, tr("archive.offline"), heard)

    def save(self, target: Path, format: Format = Format.PAGE, **wishes: Any) -> Outcome:
        return self.job(target, format, **wishes).run()

    def close(self) -> None:
        self.shelf.close()
