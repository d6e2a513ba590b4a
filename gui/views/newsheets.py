"""Starts conversations: joins or creates a room, or writes to several people at once.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Collection, Sequence

from gui.chat.model import Model
from gui.chat.ranking import ranked
from gui.paint import kit
from gui.paint.look import Look
from gui.text.textlayout import clean
from gui.views.faces import person_face
from gui.views.picklist import PickList
from gui.views.sheet import Sheet
from protocol.client.folding import fold
from protocol.client.happenings import OpenRoom, PersonInfo
from protocol.limits import DIRECT_MEMBERS_MAX

LIST = 260


class JoinSheet(PickList[OpenRoom]):
    """Lists the open rooms to join, and makes a new one from a typed name."""

    more = 44

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        join: Callable[[str, Callable[[str], None]], None],
        ask_rooms: Callable[[Callable[[tuple[OpenRoom, ...], str], None]], None],
        show: Callable[[bytes], None],
        instead: Callable[[str], None],
        name: str = "",
    ) -> None:
        """``join`` joins or creates by name; ``show`` opens a room that one is in already.

        ``instead`` asks for a private room with the name that was typed; ``name`` is typed at once.
        """
        self._join = join
        self._instead = instead
        self._show = show
        self._all: tuple[OpenRoom, ...] = ()
        self._built = False
        tr = look.tr

        def face(
            canvas: tk.Canvas, room: OpenRoom, at: tuple[int, int], side: int, below: str
        ) -> tuple[str, str]:
            look.tile(canvas, at, side, room.room, below, ())
            people = tr("rooms.people_count", n=room.members)
            return room.name, tr("rooms.joined", people=people) if room.joined else people

        super().__init__(
            master, look, tr("rooms.join_title"), tr("rooms.room_name"), self._found, face,
            self._picked, tr("rooms.fetching"), height=LIST, enter_first=False,
        )  # fmt: skip
        self.list.widget.pack_configure(pady=0)
        self.problem = self.sheet.problem()
        cancel = tr("general.cancel")
        (self.button, _) = self.sheet.buttons(
            [(tr("rooms.join"), "main", self.submit), (cancel, "quiet", self.sheet.close)]
        )
        self._built = True
        if name:
            kit.put(self.entry, name)
            self._filter()
        ask_rooms(self._listed)

    def above(self, sheet: Sheet) -> None:
        """Put the choice of kind there."""
        self.kind = kind_choice(sheet, self._look, "open", self._switch)

    def _switch(self, kind: str) -> None:
        if kind == "private":
            name = self.typed
            self.sheet.close()
            self._instead(name)

    def _found(self, typed: str) -> list[OpenRoom]:
        return ranked(typed, [(one.name, one) for one in self._all])

    def enter(self) -> None:
        """Join what the arrow keys chose, else the room whose name was typed."""
        if self._named() is None and 0 <= self.list.lit < len(self.list.items):
            super().enter()
        else:
            self.submit()

    def submit(self) -> None:
        """Join the room whose name was typed; it is created if there is none."""
        known = self._named()
        if known is not None:
            self._picked(known)
        else:
            self._join(self.entry.get(), self._answer)

    def refresh(self) -> None:
        """Show what answers; a new name makes a new room."""
        super().refresh()
        if self.typed and self._named() is None:
            # What was typed is meant first: rows are only chosen by the arrow keys.
            self.list.light(-1)
        if self._built:
            create = bool(self.typed) and self._named() is None
            self.button.set_text(self._look.tr("rooms.create" if create else "rooms.join"))

    def _named(self) -> OpenRoom | None:
        wanted = fold(self.typed)
        return next((one for one in self._all if fold(one.name) == wanted), None)

    def _listed(self, rooms: tuple[OpenRoom, ...], problem: str) -> None:
        if not self.sheet.open:
            return
        self._all = rooms
        tr = self._look.tr
        self.note.configure(text=self._look.plain(problem or tr("rooms.join_note")))
        self.refresh()

    def _picked(self, room: OpenRoom) -> None:
        if room.joined:
            self.sheet.close()
            self._show(room.room)
        else:
            self._join(room.name, self._answer)

    def _answer(self, reason: str) -> None:
        if not self.sheet.open:
            return
        if reason:
            self.problem.configure(text=self._look.plain(reason))
        else:
            self.sheet.close()


class PeoplePicks(PickList[PersonInfo]):
    """Chooses people; ``chosen`` has them in the order in which they were chosen."""

    more = 96

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, title: str, note: str, hint: str,
        verb: str, without: Collection[bytes], most: int, height: int = LIST,
    ) -> None:  # fmt: skip
        """``without`` are not offered; at most so many can be chosen."""
        self._model = model
        self._most = most
        self.chosen: list[bytes] = []
        tr = look.tr

        def face(
            canvas: tk.Canvas, one: PersonInfo, at: tuple[int, int], side: int, below: str
        ) -> tuple[str, str]:
            person_face(canvas, look, model, at, side, one.person, one.nick, below, True)
            return one.nick, "✓" if one.person in self.chosen else ""

        def find(typed: str) -> list[PersonInfo]:
            people = sorted(model.people, key=lambda one: (not one.online, fold(one.nick)))
            return ranked(typed, [(one.nick, one) for one in people if one.person not in without])

        super().__init__(
            master, look, title, hint, find, face, self._toggle, note, tr("rooms.nobody_found"),
            height,
        )  # fmt: skip
        self.list.widget.pack_configure(pady=0)
        self.names = self.sheet.words("")
        cancel = tr("general.cancel")
        (self.button, _) = self.sheet.buttons(
            [(verb, "main", self.submit), (cancel, "quiet", self.sheet.close)]
        )

    def _toggle(self, one: PersonInfo) -> None:
        if one.person in self.chosen:
            self.chosen.remove(one.person)
        elif len(self.chosen) < self._most:
            self.chosen.append(one.person)
        names = ", ".join(clean(self._model.name_of(person, "?")) for person in self.chosen)
        self.names.configure(text=self._look.plain(names))
        self.chose()
        kit.put(self.entry, "")
        self._filter()
        self.list.draw()

    def chose(self) -> None:
        """Other people are chosen."""
        self.button.enable(bool(self.chosen))

    def enter(self) -> None:
        """Choose the row that is lit; with nothing typed and somebody chosen, go on."""
        if self.chosen and not self.typed:
            self.submit()
        else:
            super().enter()

    def submit(self) -> None:
        """Go on with those who were chosen."""
        raise NotImplementedError


class PeopleSheet(PeoplePicks):
    """Chooses one or several people to write to, or to bring into a room."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model,
        take: Callable[[Sequence[bytes]], None], title: str, note: str, verb: str,
        without: Collection[bytes] = (), most: int = DIRECT_MEMBERS_MAX - 1,
    ) -> None:  # fmt: skip
        """``take`` gets who was chosen."""
        self._take = take
        super().__init__(
            master, look, model, title, note, look.tr("rooms.search_people"), verb,
            {*without, model.me}, most,
        )  # fmt: skip
        self.button.enable(False)

    def submit(self) -> None:
        """Hand over those who were chosen."""
        if self.chosen:
            self.sheet.close()
            self._take(tuple(self.chosen))


def kind_choice(
    sheet: Sheet, look: Look, kind: str, change: Callable[[str], None]
) -> "kit.Choice[str]":
    """Add the choice between an open and a private room to a sheet."""
    options = [("open", look.tr("order.open_room")), ("private", look.tr("order.private_room"))]
    made = kit.Choice(sheet.card, look, options, kind, change)
    made.widget.pack(fill="x", padx=look.px(24), pady=(0, look.px(4)))
    made.widget.bind("<Escape>", sheet.escape)
    return made
