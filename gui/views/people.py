"""The people column: everybody on the server, those of the open conversation and online first.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Sequence

from gui.chat.model import Model
from gui.chat.ranking import ranked
from gui.paint import kit
from gui.paint.look import Look
from gui.paint.theme import HEADER_HEIGHT
from gui.text import doubts
from gui.text.rowlayout import Box
from gui.text.textlayout import clean, one_line
from gui.views.faces import person_face
from gui.views.rooms import HEADING, RoomActs, paint_words
from gui.views.rowlist import RowList
from protocol.client.folding import fold
from protocol.client.happenings import PersonInfo

ROW = 44
Item = PersonInfo | str


class PeopleColumn:
    """Shows the people of a model; ``widget`` holds a title, the filter and the ``list``."""

    def __init__(self, master: tk.Misc, look: Look, model: Model, acts: RoomActs) -> None:
        """``acts`` hears who is clicked."""
        self._look = look
        self._model = model
        self._acts = acts
        px = look.px
        self.widget = tk.Frame(master, bd=0)
        self._head = tk.Frame(self.widget, bd=0, height=px(HEADER_HEIGHT))
        self._head.pack(side="top", fill="x")
        self._head.pack_propagate(False)
        self.title = tk.Label(
            self._head, text=look.plain(look.tr("rooms.people")), anchor="w", bd=0,
            font=look.fonts.named("title"),
        )  # fmt: skip
        self.title.pack(side="left", fill="both", expand=True, padx=px(16))
        self.field = kit.entry(self.widget, look, look.tr("rooms.search_people"), "side")
        self.field.pack(side="top", fill="x", padx=px(12), pady=(0, px(4)))
        self.list: RowList[Item] = RowList(
            self.widget, look, "side", self._height, self._paint, self._chosen, self._asked,
            lambda item: isinstance(item, PersonInfo) and item.person != model.me,
        )  # fmt: skip
        self.list.take_focus()
        self.list.widget.pack(side="top", fill="both", expand=True)
        self.field.bind("<KeyRelease>", lambda _: self._typed())
        for key in ("Up", "Down", "Prior", "Next", "Return", "Menu", "Shift-F10"):
            self.field.bind(f"<{key}>", self.list.key)
        self.field.bind("<Escape>", self._escape)
        self._filter = ""
        self._doubts: dict[bytes, str] = {}

    def doubt(self, person: PersonInfo) -> str:
        """Return what is odd about somebody's name, or an empty string."""
        return self._doubts.get(person.person) or doubts.of_name(self._look.tr, person.nick)

    def _typed(self) -> None:
        words = self.field.get().strip()
        if words != self._filter:
            self._filter = words
            self.show()
            if words:
                self.list.first()

    def _escape(self, _event: object) -> str | None:
        if not self.field.get():
            return None
        kit.put(self.field, "")
        self._typed()
        return "break"

    def show(self) -> None:
        """Draw the model's people."""
        model, tr = self._model, self._look.tr
        self._doubts = doubts.among(tr, model.people)
        people = sorted(model.people, key=lambda one: fold(one.nick))
        if self._filter:
            people = ranked(self._filter, [(one.nick, one) for one in people])
        room = model.room
        info = room.info if room is not None else None
        inside = {who for who, _ in info.members} if info is not None else set()
        members = [one for one in people if one.person in inside]
        rest = [one for one in people if one.person not in inside]
        members.sort(key=lambda one: not one.online)
        items: list[Item] = []
        for name, some in (
            ("rooms.members", members),
            ("rooms.online", [one for one in rest if one.online]),
            ("rooms.away", [one for one in rest if not one.online]),
        ):
            if some:
                items.append(tr(name, n=len(some)))
                items += some
        if not items:
            items.append(tr("rooms.nobody_found" if self._filter else "rooms.nobody"))
        self.list.set_items(items)

    @property
    def shown(self) -> Sequence[PersonInfo]:
        """Whom it shows, from the top."""
        return [item for item in self.list.items if isinstance(item, PersonInfo)]

    def place_of(self, nick: str) -> tuple[int, int] | None:
        """Return the middle of somebody's row in the list."""
        for index, item in enumerate(self.list.items):
            if isinstance(item, PersonInfo) and item.nick == nick:
                x = self.list.widget.winfo_width() // 2
                return x, self.list.y_of(index) + self._look.px(ROW // 2)
        return None

    def _height(self, item: Item) -> int:
        return self._look.px(HEADING if isinstance(item, str) else ROW)

    def _chosen(self, item: Item) -> None:
        canvas, px = self.list.widget, self._look.px
        if isinstance(item, PersonInfo):
            index = list(self.list.items).index(item)
            y = canvas.winfo_rooty() + self.list.y_of(index) + px(ROW - 4)
            self._acts.person_menu(item, canvas.winfo_rootx() + px(56), y)

    def _asked(self, item: Item, x: int, y: int) -> None:
        if isinstance(item, PersonInfo):
            self._acts.person_menu(item, x, y)

    def _paint(self, canvas: tk.Canvas, item: Item, y: int, width: int, lit: bool) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        if isinstance(item, str):
            paint_words(canvas, look, item, y, width, px(HEADING))
            return
        below = palette.side
        if lit:
            below = palette.hover
            box = Box(px(8), y, width - px(16), px(ROW))
            look.bubble(canvas, box, px(10), below, palette.side, ())
        at = (px(16), y + px(6))
        nick = clean(item.nick)
        person_face(canvas, look, self._model, at, px(32), item.person, nick, below, True)
        if item.person == self._model.me:
            nick = look.tr("rooms.me", nick=nick)
        odd = item.person in self._doubts
        line = one_line(nick, width - px(60 + 20 + 22 * odd), look.fonts, "label")
        ink = palette.text if item.online else palette.quiet
        top = y + (px(ROW) - look.fonts.line_height("label")) // 2
        look.line(canvas, (px(60), top), line, (ink, ink, below), "label", ())
        if odd:
            image = look.art.icon("warning", px(16), palette.danger, below)
            x = px(60) + line.width + px(6)
            canvas.create_image(x, y + px(ROW // 2), image=image, anchor="w")

    def restyle(self) -> None:
        """Draw in the palette of now."""
        palette = self._look.palette
        for one in (self.widget, self._head, self.title):
            one.configure(bg=palette.side)
        self.title.configure(fg=palette.text)
        self.list.draw()
