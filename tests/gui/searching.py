"""A search panel on a stage, over a file with words in five scripts; fixtures of its tests."""

import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gui.chat.searcher import Searcher
from gui.views.searchpanel import SearchPanel
from tests.gui.archives import DAY_MS, NOON, Scene
from tests.protocol.client.shelf import GENERAL, ME, OLENA, OTHER

TEXTS = (
    "Hello there, what is for lunch today?",
    "Ця їжа смачна, а ґанок новий і ще багато слів до самого кінця рядка, щоб він не вмістився",
    "Zażółć gęślą jaźń w Łodzi 😀",
    "Купили ЁЛКУ во двор",
    "เมื่อวานฝนตกหนักมาก แต่วันนี้อากาศดี ไปกินข้าวกัน",
)


def texts(canvas: tk.Canvas) -> dict[int, str]:
    """Return the words on a canvas by their items."""
    call = canvas.tk.call
    return {
        item: str(call(canvas, "itemcget", item, "-text"))
        for item in canvas.find_all()
        if call(canvas, "type", item) == "text"
    }


class Panel:
    """A panel on a stage, and what it asked for."""

    def __init__(self, stage: Any, scene: Scene) -> None:
        self.stage = stage
        self.went: list[tuple[bytes, int]] = []
        self.sought: list[str] = []
        self.asked: list[str] = []
        self.person = (b"", "")
        """Who is chosen when it is asked."""
        self.closed = 0
        self.room = GENERAL
        self.searcher = Searcher(scene.shelf.path, stage.bridge.call)
        names = {OLENA: "Олена", ME: "Marko"}
        self.view = SearchPanel(
            stage.root, stage.look, self.searcher, lambda: self.room,
            lambda room: "general" if room == GENERAL else "other",
            lambda person, was: names.get(person, was), self._ask_person,
            self._go, lambda: self.asked.append(self.view._query), self._close,
        )  # fmt: skip
        self.view.widget.pack(side="right", fill="y")
        stage.settle()

    def _close(self) -> None:
        self.closed += 1

    def _go(self, room: bytes, seq: int, query: str) -> None:
        self.went.append((room, seq))
        self.sought.append(query)

    def _ask_person(self, choose: Callable[[bytes, str], None]) -> None:
        choose(*self.person)

    def open(self, everywhere: bool = False) -> None:
        self.view.open(everywhere)
        self.stage.settle()

    def find(self, query: str) -> list[int]:
        """Type a query in place of the one before; return what was found."""
        self.view.entry.delete(0, "end")
        self.stage.settle()
        self.stage.type(query)
        self.stage.wait(lambda: self.view.entry.get() == query, f"{query} in the field")
        self.stage.wait(lambda: self.settled(query), f"an answer about {query}")
        self.stage.settle()
        return self.seqs

    def settled(self, query: str) -> bool:
        return self.view._query == query.strip() and self.view._answer is not None

    @property
    def seqs(self) -> list[int]:
        return [one.message.seq for one in self.view.list.items if not isinstance(one, str)]

    @property
    def state(self) -> str:
        return str(self.view._state.cget("text"))

    @property
    def note(self) -> str:
        return str(self.view._note.cget("text"))

    def painted(self, colour: str) -> str:
        """Return what stands on the canvas in a colour, from left to right."""
        canvas = self.view.list.widget
        items = [
            one
            for one in texts(canvas)
            if canvas.tk.call(canvas, "itemcget", one, "-fill") == colour
        ]
        items.sort(key=lambda one: (canvas.coords(one)[1] // 8, canvas.coords(one)[0]))
        return "".join(texts(canvas)[one] for one in items)


@pytest.fixture(name="scene")
def said(tmp_path: Path) -> Iterator[Scene]:
    (tmp_path / "profile").mkdir()
    one = Scene(tmp_path / "profile")
    for index, text in enumerate(TEXTS):
        one.say(text, person=(OLENA, ME)[index % 2], ts=NOON + index * 60_000)
    one.shelf.add({"text": "the other lunch"}, room=OTHER, person=OLENA, ts=NOON - DAY_MS)
    yield one
    one.close()


@pytest.fixture(name="panel")
def opened(stage: Any, scene: Scene) -> Iterator[Callable[..., Panel]]:
    made: list[Panel] = []

    def make(**wishes: Any) -> Panel:
        stage.open(**wishes)
        made.append(Panel(stage, scene))
        return made[-1]

    yield make
    for one in made:
        one.searcher.close()
