"""Starts conversations: joins or creates a room, or writes to several people at once.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence

from gui.chat.model import Model
from gui.chat.ranking import ranked
from gui.paint import kit
from gui.paint.look import Look
from gui.views.faces import person_face
from gui.views.picklist import PickList
from protocol.client.folding import fold
from protocol.client.happenings import OpenRoom, PersonInfo

LIST = 260


class JoinSheet(PickList[OpenRoom]):
    """Lists the open rooms to join, and makes a new one from a typed name."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        join: Callable[[str, Callable[[str], None]], None],
        ask_rooms: Callable[[Callable[[tuple[OpenRoom, ...], str], None]], None],
        show: Callable[[bytes], None],
    ) -> None:
        """``join`` joins or creates by name; ``show`` opens a room that one is in already."""
        self._join = join
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
        ask_rooms(self._listed)

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


class PeopleSheet(PickList[PersonInfo]):
    """Chooses one or several people to write to."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model,
        direct: Callable[[Sequence[bytes]], None],
    ) -> None:  # fmt: skip
        """``direct`` gets who was chosen."""
        self._model = model
        self._direct = direct
        self.chosen: list[bytes] = []
        tr = look.tr

        def face(
            canvas: tk.Canvas, one: PersonInfo, at: tuple[int, int], side: int, below: str
        ) -> tuple[str, str]:
            person_face(canvas, look, model, at, side, one.person, one.nick, below, True)
            return one.nick, "✓" if one.person in self.chosen else ""

        def find(typed: str) -> list[PersonInfo]:
            people = sorted(model.people, key=lambda one: (not one.online, fold(one.nick)))
            return ranked(typed, [(one.nick, one) for one in people if one.person != model.me])

        super().__init__(
            master, look, tr("rooms.write_title"), tr("rooms.search_people"), find, face,
            self._toggle, tr("rooms.write_note"), tr("rooms.nobody_found"), LIST,
        )  # fmt: skip
        self.list.widget.pack_configure(pady=0)
        self.names = self.sheet.words("")
        cancel = tr("general.cancel")
        (self.button, _) = self.sheet.buttons(
            [(tr("rooms.write"), "main", self.submit), (cancel, "quiet", self.sheet.close)]
        )
        self.button.enable(False)

    def _toggle(self, one: PersonInfo) -> None:
        if one.person in self.chosen:
            self.chosen.remove(one.person)
        else:
            self.chosen.append(one.person)
        names = ", ".join(self._model.name_of(person, "?") for person in self.chosen)
        self.names.configure(text=self._look.plain(names))
        self.button.enable(bool(self.chosen))
        kit.put(self.entry, "")
        self._filter()
        self.list.draw()

    def enter(self) -> None:
        """Choose the row that is lit; with nothing typed and somebody chosen, write to them."""
        if self.chosen and not self.typed:
            self.submit()
        else:
            super().enter()

    def submit(self) -> None:
        """Open the direct message with those who were chosen."""
        if self.chosen:
            self.sheet.close()
            self._direct(tuple(self.chosen))
