"""What a search is narrowed to: whose messages, and of which kind; and how to be rid of that.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable

from gui.chat.model import Model
from gui.chat.ranking import ranked
from gui.chat.searcher import ALL_KINDS, KINDS
from gui.paint import kit
from gui.paint.dropdown import Dropdown
from gui.paint.look import Look
from gui.text.textlayout import clean
from gui.views.faces import person_face
from gui.views.picklist import PickList
from protocol.client.folding import fold

AskPerson = Callable[[Callable[[bytes, str], None]], None]
"""Asks for a person; what it is given gets them (empty: anybody) and how they are called."""


class SearchFilters:
    """A row of two fields and, while they hold, a button to reset them; ``widget`` is the frame."""

    def __init__(
        self, master: tk.Misc, look: Look, ask_person: AskPerson, on_change: Callable[[], None]
    ) -> None:
        """``on_change`` hears that other messages are wanted."""
        self._look = look
        self._on_change = on_change
        self._ask_person = ask_person
        px, tr = look.px, look.tr
        self.widget = tk.Frame(master, bd=0)
        self._row = tk.Frame(self.widget, bd=0)
        self._row.pack(fill="x")
        self._row.grid_columnconfigure((0, 1), weight=1, uniform="filters")
        self.person_field = PersonField(self._row, look, tr("search.anybody"), self._ask)
        self.person_field.widget.grid(row=0, column=0, sticky="ew", padx=(0, px(4)))
        options = [(kind, tr(f"search.kind_{kind}")) for kind in KINDS]
        self.kind_field: Dropdown[str] = Dropdown(
            self._row, look, options, ALL_KINDS, lambda _: self._changed(), "side"
        )
        self.kind_field.widget.grid(row=0, column=1, sticky="ew", padx=(px(4), 0))
        self.reset_button = kit.button(
            self.widget, look, tr("search.reset"), self.reset, "quiet", "side"
        )
        self.restyle()

    @property
    def person(self) -> bytes | None:
        """Whose messages are wanted; None: anybody's."""
        return self.person_field.chosen or None

    @property
    def kind(self) -> str:
        """One of ``KINDS``."""
        return self.kind_field.chosen

    @property
    def active(self) -> bool:
        """Whether not everything is wanted."""
        return self.person is not None or self.kind != ALL_KINDS

    def reset(self) -> None:
        """Want everything again."""
        had_focus = self.reset_button.focus_get() is not None
        self.person_field.take(b"", "")
        self.kind_field.set(ALL_KINDS)
        if had_focus:
            self.kind_field.widget.focus_set()
        self._changed()

    def bind(self, key: str, work: Callable[[], str]) -> None:
        """Do something at a key, wherever in here it comes."""
        for field in (self.person_field, self.kind_field):
            # An open list takes Esc for itself.
            field.widget.bind(key, lambda _: work(), add="+")
        self.reset_button.bind(key, lambda _: work())

    def restyle(self) -> None:
        """Draw everything in the palette of now."""
        for frame in (self.widget, self._row):
            frame.configure(bg=self._look.palette.side)
        self.person_field.restyle()
        self.kind_field.restyle()

    def _ask(self) -> None:
        self._ask_person(self._took)

    def _took(self, person: bytes, name: str) -> None:
        if person != self.person_field.chosen:
            self.person_field.take(person, name)
            self._changed()

    def _changed(self) -> None:
        if self.active:
            self.reset_button.pack(fill="x", pady=(self._look.px(8), 0))
        else:
            self.reset_button.pack_forget()
        self._on_change()


class PersonField(Dropdown[bytes]):
    """Shows who is wanted; people are too many for a list below it, so a sheet asks."""

    def __init__(self, master: tk.Misc, look: Look, anybody: str, ask: Callable[[], None]) -> None:
        """``ask`` has somebody chosen, then calls :meth:`take`."""
        self._anybody = (b"", anybody)
        self._ask = ask
        super().__init__(master, look, (self._anybody,), b"", lambda _: None, "side")

    def open(self) -> None:
        """Ask."""
        self._ask()

    def take(self, person: bytes, name: str) -> None:
        """Show somebody, or (empty) that anybody is wanted."""
        self._options = (self._anybody, (person, clean(name))) if person else (self._anybody,)
        self.set(person)

    def _step(self, step: int) -> None:
        self._ask()


class PersonSheet(PickList[bytes]):
    """Asks whose messages are wanted: oneself first, then the others by name."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, choose: Callable[[bytes, str], None]
    ) -> None:
        """``choose`` gets the person and the nickname; empty for anybody."""
        tr = look.tr
        people = sorted(model.people, key=lambda one: (one.person != model.me, fold(one.nick)))
        names = {one.person: one.nick for one in people}

        def find(typed: str) -> list[bytes]:
            found = ranked(typed, [(one.nick, one.person) for one in people])
            return found if typed else [b"", *found]

        def face(
            canvas: tk.Canvas, person: bytes, at: tuple[int, int], side: int, below: str
        ) -> tuple[str, str]:
            if not person:
                icon = look.art.icon("people", side * 3 // 4, look.palette.quiet, below)
                middle = (at[0] + side // 2, at[1] + side // 2)
                canvas.create_image(*middle, image=icon)
                return tr("search.anybody"), ""
            name = names[person]
            person_face(canvas, look, model, at, side, person, name, below, True)
            return (tr("rooms.me", nick=name) if person == model.me else name), ""

        def chosen(person: bytes) -> None:
            self.sheet.close()
            choose(person, names.get(person, ""))

        super().__init__(
            master, look, tr("search.whose"), tr("rooms.search"), find, face, chosen,
            nothing=tr("rooms.nothing_found"),
        )  # fmt: skip
