"""The rooms column: rooms and direct messages, what was said last comes first; and its filter.

Belongs to the Tk thread.
"""

import tkinter as tk
from datetime import date
from typing import Protocol

from gui.chat.model import Model
from gui.chat.ranking import ranked
from gui.chat.room import Room
from gui.paint import kit
from gui.paint.look import Look
from gui.text.rowlayout import Box
from gui.text.textlayout import clean, one_line, wrap
from gui.views.faces import person_face, room_face
from gui.views.rowlist import RowList
from gui.words import wording
from protocol.client.happenings import PersonInfo

ROW = 64
HEADING = 36
PERSON = 48
WORDS = 88
AVATAR = 44
LOCK = 16
"""The sign before the name of a private room."""


class RoomActs(Protocol):
    """What the lists at both sides have done."""

    def open_room(self, room: bytes) -> None:
        """Show a room."""

    def write_to(self, person: bytes) -> None:
        """Show the direct message with somebody."""

    def room_menu(self, room: Room, x: int, y: int) -> None:
        """Offer what can be done with a room, at a place of the screen."""

    def person_menu(self, person: PersonInfo, x: int, y: int) -> None:
        """Offer what can be done with somebody, at a place of the screen."""

    def quiet(self, room: Room) -> bool:
        """Whether a room makes no notifications now."""


Item = Room | PersonInfo | str


class RoomsColumn:
    """Shows the rooms of a model; ``widget`` holds the filter and the ``list``."""

    def __init__(self, master: tk.Misc, look: Look, model: Model, acts: RoomActs) -> None:
        """``acts`` hears what is clicked."""
        self._look = look
        self._model = model
        self._acts = acts
        self.widget = tk.Frame(master, bd=0)
        px = look.px
        self.field = kit.entry(self.widget, look, look.tr("rooms.search"), "side")
        self.field.pack(side="top", fill="x", padx=px(12), pady=(0, px(8)))
        self.list: RowList[Item] = RowList(
            self.widget, look, "side", self._height, self._paint, self._chosen, self._asked,
            lambda item: not isinstance(item, str),
        )  # fmt: skip
        self.list.take_focus()
        self.list.widget.pack(side="top", fill="both", expand=True)
        self.field.bind("<KeyRelease>", lambda _: self._typed())
        for key in ("Up", "Down", "Prior", "Next", "Menu", "Shift-F10"):
            self.field.bind(f"<{key}>", self.list.key)
        self.field.bind("<Return>", self._enter)
        self.field.bind("<Escape>", self._escape)
        self._filter = ""

    # --- the filter -------------------------------------------------------------

    def _typed(self) -> None:
        words = self.field.get().strip()
        if words != self._filter:
            self._filter = words
            self.show()
            if words:
                self.list.first()

    def _enter(self, _event: object) -> str:
        if 0 <= self.list.lit < len(self.list.items):
            self._chosen(self.list.items[self.list.lit])
        return "break"

    def _escape(self, _event: object) -> str | None:
        if not self.field.get():
            return None
        self.clear()
        return "break"

    def clear(self) -> None:
        """Show all rooms again."""
        kit.put(self.field, "")
        self._filter = ""
        self.list.light(-1)
        self.show()

    # --- rows -------------------------------------------------------------------

    def show(self) -> None:
        """Draw the model's rooms."""
        model, tr = self._model, self._look.tr
        rooms = model.ordered()
        items: list[Item] = []
        if self._filter:
            items += ranked(self._filter, [(model.title(room), room) for room in rooms])
            people = [(one.nick, one) for one in model.people if one.person != model.me]
            found = ranked(self._filter, people)
            if found:
                items.append(tr("rooms.people"))
                items += found
            if not items:
                items.append(tr("rooms.nothing_found"))
        else:
            items += rooms
            if not items:
                items.append(tr("rooms.none_yet"))
        self.list.set_items(items)

    def place_of(self, room: bytes) -> tuple[int, int] | None:
        """Return the middle of a room's row in the list, for tests and menus."""
        for index, item in enumerate(self.list.items):
            if isinstance(item, Room) and item.room == room:
                x = self.list.widget.winfo_width() // 2
                return x, self.list.y_of(index) + self._look.px(ROW // 2)
        return None

    def _height(self, item: Item) -> int:
        if isinstance(item, str):
            return self._look.px(HEADING if item == self._look.tr("rooms.people") else WORDS)
        return self._look.px(ROW if isinstance(item, Room) else PERSON)

    def _chosen(self, item: Item) -> None:
        if isinstance(item, Room):
            self._acts.open_room(item.room)
        elif isinstance(item, PersonInfo):
            self._acts.write_to(item.person)
        if self._filter:
            self.clear()

    def _asked(self, item: Item, x: int, y: int) -> None:
        if isinstance(item, Room):
            self._acts.room_menu(item, x, y)
        elif isinstance(item, PersonInfo):
            self._acts.person_menu(item, x, y)

    def _paint(self, canvas: tk.Canvas, item: Item, y: int, width: int, lit: bool) -> None:
        if isinstance(item, Room):
            self._paint_room(canvas, item, y, width, lit)
        elif isinstance(item, PersonInfo):
            self._paint_person(canvas, item, y, width, lit)
        else:
            paint_words(canvas, self._look, item, y, width, self._height(item))

    def _paint_person(
        self, canvas: tk.Canvas, person: PersonInfo, y: int, width: int, lit: bool
    ) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        below = self._ground(canvas, Box(px(8), y, width - px(16), px(PERSON)), lit, False)
        at = (px(20), y + px(8))
        nick = clean(person.nick)
        person_face(canvas, look, self._model, at, px(32), person.person, nick, below, True)
        line = one_line(nick, width - px(64 + 20), look.fonts, "label")
        top = y + (px(PERSON) - look.fonts.line_height("label")) // 2
        look.line(canvas, (px(64), top), line, (palette.text, palette.text, below), "label", ())

    def _ground(self, canvas: tk.Canvas, box: Box, lit: bool, chosen: bool) -> str:
        palette = self._look.palette
        if not lit and not chosen:
            return palette.side
        fill = palette.ours if chosen else palette.hover
        look, px = self._look, self._look.px
        if lit and chosen and self.list.focused:
            # The open room has its colour anyway: only an edge tells that keys are at it.
            args = (box.w, box.h, px(10), fill, palette.side, palette.accent, px(2))
            canvas.create_image(box.x, box.y, image=look.shapes.box(*args), anchor="nw")
        else:
            look.bubble(canvas, box, px(10), fill, palette.side, ())
        return fill

    def _paint_room(self, canvas: tk.Canvas, room: Room, y: int, width: int, lit: bool) -> None:
        look, palette, px, model = self._look, self._look.palette, self._look.px, self._model
        ruler = look.fonts
        chosen = room.room == model.active
        box = Box(px(8), y + px(2), width - px(16), px(ROW - 4))
        below = self._ground(canvas, box, lit, chosen)
        text, quiet, bright = palette.text, palette.quiet, palette.link
        if chosen:
            text, quiet, bright = palette.on_ours, palette.quiet_ours, palette.link_ours
        room_face(canvas, look, model, (px(16), y + px(10)), px(AVATAR), room, below)
        left, right = px(16 + AVATAR + 12), width - px(20)

        last = model.preview(room)
        stamp = wording.when_short(look.tr, last.ts, date.today()) if last is not None else ""
        line = one_line(stamp, px(120), ruler, "small")
        top = y + px(12)
        at = (right - line.width, top + ruler.line_height("name") - ruler.line_height("small"))
        look.line(canvas, at, line, (quiet, quiet, below), "small", ())
        muted = self._acts.quiet(room)
        middle = top + ruler.line_height("name") // 2
        private = px(LOCK + 4) if model.is_private(room) else 0
        if private:
            icon = look.art.icon("lock", px(LOCK), quiet, below)
            canvas.create_image(left, middle, image=icon, anchor="w")
        most = right - left - private - line.width - px(8) - (px(20) if muted else 0)
        title = one_line(clean(model.title(room)), most, ruler, "name")
        look.line(canvas, (left + private, top), title, (text, text, below), "name", ())
        if muted:
            icon = look.art.icon("bell-off", px(16), quiet, below)
            x = left + private + title.width + px(6)
            canvas.create_image(x, middle, image=icon, anchor="w")

        right = self._badges(canvas, room, (right, y + px(46)), below, muted)
        who, words, ink = self._last_words(room)
        colour = bright if ink == "bright" else quiet
        top = y + px(36)
        if who:
            line = one_line(clean(who) + ": ", right - left, ruler, "small")
            tint = bright if ink == "draft" else text
            look.line(canvas, (left, top), line, (tint, tint, below), "small", ())
            left += line.width + ruler.width("small", " ")
        if right - left > px(12):
            line = one_line(clean(words), right - left, ruler, "small")
            look.line(canvas, (left, top), line, (colour, colour, below), "small", ())

    def _last_words(self, room: Room) -> tuple[str, str, str]:
        """Return who, what, and how it is coloured: quiet, bright or draft."""
        tr, model = self._look.tr, self._model
        direct = model.is_direct(room) and len(model.others(room)) < 2
        typing = wording.typing(tr, model.typing(room), direct)
        if typing:
            return "", typing, "bright"
        if room.draft.text.strip() and room.room != model.active:
            return tr("rooms.draft"), " ".join(room.draft.text.split()), "draft"
        last = model.preview(room)
        if last is None:
            return "", tr("rooms.no_messages"), "quiet"
        return wording.author(tr, last, direct), wording.content(tr, last), "quiet"

    def _badges(
        self, canvas: tk.Canvas, room: Room, at: tuple[int, int], below: str, muted: bool
    ) -> int:
        """Paint what waits to be read, ending at a place; return where the text must end."""
        look, palette, px = self._look, self._look.palette, self._look.px
        right, middle = at
        if not room.unread:
            return right
        count = str(room.unread) if room.unread < 1000 else "999+"
        fill, ink = palette.accent, palette.on_accent
        if muted:
            fill, ink = palette.pill, palette.on_pill
        marks = [(count, fill, ink)]
        if room.mentions:
            marks.append(("@", palette.accent, palette.on_accent))
        for words, fill, ink in marks:
            wide = max(px(20), look.fonts.width("small", words) + px(12))
            box = Box(right - wide, middle - px(10), wide, px(20))
            look.bubble(canvas, box, px(10), fill, below, ())
            canvas.create_text(
                right - wide // 2, middle, text=words, fill=ink, font=look.fonts.named("small")
            )
            right -= wide + px(4)
        return right - px(4)

    def restyle(self) -> None:
        """Draw in the palette of now."""
        self.widget.configure(bg=self._look.palette.side)
        self.list.draw()


def paint_words(canvas: tk.Canvas, look: Look, words: str, y: int, width: int, height: int) -> None:
    """Paint a heading at the left, or a longer text in the middle of a high row."""
    palette, px = look.palette, look.px
    ink = (palette.quiet, palette.quiet, palette.side)
    if height <= px(HEADING):
        line = one_line(clean(words), width - px(32), look.fonts, "small")
        top = y + height - look.fonts.line_height("small") - px(6)
        look.line(canvas, (px(20), top), line, ink, "small", ())
        return
    block = wrap(clean(words), width - px(48), look.fonts, "label", 3)
    top = y + max(px(8), (height - block.height) // 2)
    for number, line in enumerate(block.lines):
        place = ((width - line.width) // 2, top + number * block.line_height)
        look.line(canvas, place, line, ink, "label", ())
