"""A composer with a room and somebody who notes what it asks for; programs that own clipboards."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gui.chat.model import Model
from gui.chat.room import Draft, Room
from gui.desktop.clipboard import Clipboard
from gui.views.compose.composer import Composer
from protocol.client.happenings import (
    Arrived,
    Message,
    PeopleKnown,
    PersonInfo,
    RoomsChanged,
    Welcomed,
)
from tests.gui.conftest import Stage
from tests.gui.fakes import DIRECT, GENERAL, ME, OLENA, SOMCHAI, info, text

JAN = b"j" * 16
ALL = (
    PersonInfo(OLENA, "Olena", True, 1),
    PersonInfo(SOMCHAI, "สมชาย", False, 9),
    PersonInfo(JAN, "Jan Łęcki", True, 7),
    PersonInfo(b"k" * 16, "Jan", True, 4),
)


class Acts:
    """Implements ``ComposerActs``; ``calls`` has every call but those of every key."""

    def __init__(self, model: Model) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.drafts: dict[bytes, Draft] = {}
        self.typed = 0
        self.reason = ""
        self._model = model

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]

    def send(self, words: str, mentions: tuple[bytes, ...], reply: int) -> str:
        self.calls.append(("send", words, mentions, reply))
        return self.reason

    def edit(self, seq: int, words: str, mentions: tuple[bytes, ...]) -> str:
        self.calls.append(("edit", seq, words, mentions))
        return self.reason

    def set_draft(self, room: bytes, draft: Draft) -> None:
        self.drafts[room] = draft
        self._model.rooms[room].draft = draft

    def typing(self) -> None:
        self.typed += 1

    def attach(self) -> None:
        self.calls.append(("attach",))

    def files_dropped(self, paths: Sequence[Path]) -> None:
        self.calls.append(("files_dropped", tuple(paths)))

    def image_pasted(self, path: Path) -> None:
        self.calls.append(("image_pasted", path))

    def pick_emoji(self, x: int, y: int) -> None:
        self.calls.append(("pick_emoji", x, y))

    def cancel(self, request: int) -> None:
        self.calls.append(("cancel", request))

    def retry(self, request: int) -> None:
        self.calls.append(("retry", request))

    def edit_last(self) -> None:
        self.calls.append(("edit_last",))

    def jump(self, seq: int) -> None:
        self.calls.append(("jump", seq))

    def people(self) -> Sequence[PersonInfo]:
        return ALL

    def say(self, words: str, bad: bool = False) -> None:
        self.calls.append(("say", words, bad))


class Desk:
    """A composer at the bottom of a stage."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.model = Model()
        members = ((ME, "Marko"), (OLENA, "Olena"))
        rooms = (info(GENERAL, "general", 3), info(DIRECT, "", 0, members))
        messages: tuple[Message, ...] = (
            text(1, "Привіт усім"), text(2, "It works 👍"), text(3, "Моє слово", ME, "Marko"),
        )  # fmt: skip
        for one in (
            Welcomed(ME, "Marko", "server"), RoomsChanged(rooms), PeopleKnown(ALL),
            Arrived(GENERAL, messages, False),
        ):  # fmt: skip
            self.model.apply(one, 0)
        self.acts = Acts(self.model)
        self.folder = folder / "clipboard"
        self.clipboard = Clipboard(stage.root, stage.bridge.call, self.folder)
        self.composer = Composer(stage.root, stage.look, self.model, self.acts, self.clipboard)
        self.composer.widget.pack(side="bottom", fill="x")
        self.open(GENERAL)
        stage.root.configure(bg=stage.look.palette.chat)
        self.composer.focus()
        stage.settle()

    def open(self, room: bytes) -> None:
        self.model.active = room
        self.composer.set_room(self.room)

    @property
    def room(self) -> Room:
        room = self.model.room
        assert room is not None
        return room

    def words(self) -> str:
        return self.composer.words()

    def wait_words(self, words: str) -> None:
        self.stage.wait(lambda: self.words() == words, f"{words!r}, not {self.words()!r}")


class Owner:
    """Another program that owns the clipboard, until it is closed."""

    def __init__(self, stage: Stage, media: str, data: bytes) -> None:
        words = ["xclip", "-selection", "clipboard", "-quiet", "-t", media, "-i"]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.close()

        def owned() -> bool:
            # Our window goes on meanwhile: it may be the owner that is asked.
            asked = ["xclip", "-selection", "clipboard", "-t", "TARGETS", "-o"]
            return media in stage.display.beside(asked, stage.root.update).decode().split()

        stage.wait(owned, "another program to own the clipboard")

    def __enter__(self) -> "Owner":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
