"""The list of people or emoji that opens above what is being typed; and what it offers.

It never takes the focus: the field keeps it and hands the keys over. Belongs to the Tk
thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Final

from gui.emojis.names import names
from gui.emojis.shortcodes import complete, shortcodes
from gui.paint.faces import Face
from gui.paint.look import Look
from gui.paint.slices import Steps
from gui.text.mentions import Wanted, matching, wanted
from gui.text.rowlayout import Box
from gui.text.textlayout import one_line
from gui.text.undo import RUN_MAX
from gui.views.compose.field import Field
from protocol.client.happenings import PersonInfo

ROWS_MAX: Final = 8
ROW: Final = 40
WIDTH: Final = 320
_EDGE: Final = 6


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the list."""

    words: str
    """What is written in place of what was typed, without the space behind it."""
    label: str
    person: PersonInfo | None = None


class Completion:
    """Completes what is typed into one field; :meth:`key` goes before the field's own keys."""

    def __init__(
        self,
        look: Look,
        field: Field,
        people: Callable[[], Sequence[PersonInfo]] | None,
        on_person: Callable[[PersonInfo], None] | None = None,
        portrait: Callable[[PersonInfo], bytes | None] = lambda _: None,
    ) -> None:
        """Without ``people`` only emoji are offered; ``on_person`` is told who was chosen."""
        self._look = look
        self._field = field
        self._people = people
        self._on_person = on_person
        self._portrait = portrait
        self._wanted: Wanted | None = None
        self._refused = ""
        self._before = ""
        self._lit = 0
        self._named = False
        self.offers: Sequence[Offer] = ()
        """What it shows; empty while it is hidden."""
        root = field.widget.winfo_toplevel()
        self.canvas = tk.Canvas(root, bd=0, highlightthickness=0, cursor="hand2", takefocus=0)
        self.canvas.bind("<Motion>", lambda e: self._light(self._row_at(e.y)))
        self.canvas.bind("<ButtonRelease-1>", self._click)
        field.widget.bind("<FocusOut>", lambda _: self.hide(), add="+")
        field.widget.bind("<Button-1>", lambda _: self.hide(), add="+")
        field.widget.bind("<Destroy>", lambda _: self.close(), add="+")
        # Names take some 10 ms to read: not at the first key.
        Thread(target=self._read_names, name="emoji-names", daemon=True).start()

    def _read_names(self) -> None:
        names(self._look.tr.language)
        shortcodes()
        self._named = True

    # --- what is offered --------------------------------------------------

    def look_again(self) -> None:
        """The text or the cursor is another one: open, change or hide the list."""
        words, cursor = self._field.words(), self._field.cursor
        now = wanted(words, cursor)
        if now is None or self._field.selected():
            self._refused = ""
            self._before = words
            self.hide()
            return
        before, self._before = self._before, words
        if now.closed:
            # Only as it is typed: what was undone or pasted stays as it is.
            more = len(words) - len(before)
            if 0 < more <= RUN_MAX and before == words[: cursor - more] + words[cursor:]:
                self._finish(now, cursor)
            else:
                self.hide()
            return
        # Esc holds until another word is begun.
        if self._refused and now.word.startswith(self._refused):
            return
        self._refused = ""
        offers = self._offers(now)
        if not offers:
            self.hide()
            return
        if now != self._wanted:
            self._lit = 0
        self._wanted, self.offers = now, offers
        self._lit = min(self._lit, len(offers) - 1)
        self._place()
        self._draw()

    def _offers(self, now: Wanted) -> list[Offer]:
        if now.kind == "person":
            people = self._people() if self._people is not None else ()
            return [Offer(f"@{p.nick}", p.nick, p) for p in matching(people, now.word, ROWS_MAX)]
        if not self._named:
            return []
        if now.word.isascii():
            return [Offer(one, f":{code}:") for code, one in complete(now.word, ROWS_MAX)]
        known = names(self._look.tr.language)
        return [Offer(one, known.name(one)) for one in known.search(now.word)[:ROWS_MAX]]

    def _finish(self, now: Wanted, cursor: int) -> None:
        """A whole ``:shortcode:`` was typed: it becomes the emoji at once."""
        self.hide()
        one = shortcodes().get(now.word.casefold()) if self._named else None
        if one is not None:
            self._field.replace(now.start, cursor, one)

    # --- choosing ---------------------------------------------------------

    def key(self, keysym: str) -> bool:
        """Do what a key means for the list; False if the field should have it."""
        if not self.offers:
            return False
        match keysym:
            case "Up":
                self._light((self._lit - 1) % len(self.offers))
            case "Down":
                self._light((self._lit + 1) % len(self.offers))
            case "Return" | "KP_Enter" | "Tab":
                self.choose(self._lit)
            case "Escape":
                self._refused = self._wanted.word if self._wanted else ""
                self.hide()
            case _:
                return False
        return True

    def choose(self, row: int) -> None:
        """Write what a line offers."""
        now, offer = self._wanted, self.offers[row]
        self.hide()
        if now is None:
            return
        words = self._field.words()
        end = now.start + 1 + len(now.word)
        space = "" if words[end : end + 1].isspace() else " "
        if offer.person is not None and self._on_person is not None:
            self._on_person(offer.person)
        self._field.replace(now.start, end, offer.words + space)
        self._field.widget.focus_set()

    def _click(self, event: "tk.Event[tk.Canvas]") -> None:
        row = self._row_at(event.y)
        if row >= 0:
            self.choose(row)

    def _row_at(self, y: int) -> int:
        row = (y - self._look.px(_EDGE)) // self._look.px(ROW)
        return row if 0 <= row < len(self.offers) else -1

    def _light(self, row: int) -> None:
        if row >= 0 and row != self._lit:
            self._lit = row
            self._draw()

    # --- drawing ----------------------------------------------------------

    def hide(self) -> None:
        """Take it away."""
        if self.offers:
            self.offers, self._wanted = (), None
            self.canvas.place_forget()

    def close(self) -> None:
        """End it for good."""
        self.offers = ()
        self.canvas.destroy()

    def _place(self) -> None:
        px, field = self._look.px, self._field.widget
        root = field.winfo_toplevel()
        width = min(px(WIDTH), root.winfo_width() - px(16))
        height = px(ROW) * len(self.offers) + 2 * px(_EDGE)
        left = field.winfo_rootx() - root.winfo_rootx() + self._field.place_of_cursor()[0]
        left = max(px(8), min(left - px(40), root.winfo_width() - width - px(8)))
        top = field.winfo_rooty() - root.winfo_rooty() - height - px(16)
        if top < 0:
            top = field.winfo_rooty() - root.winfo_rooty() + field.winfo_height() + px(16)
        self.canvas.place(x=left, y=top, width=width, height=height)
        tk.Misc.lift(self.canvas)

    def _draw(self) -> None:
        self._look.slices.paint(self.canvas, self._paint)

    def _paint(self) -> Steps:
        look, palette, px, canvas = self._look, self._look.palette, self._look.px, self.canvas
        offers = self.offers
        if not offers:
            return
        width, row = int(canvas.place_info()["width"]), px(ROW)
        height = row * len(offers) + 2 * px(_EDGE)
        canvas.delete("all")
        canvas.configure(bg=palette.card)
        canvas.create_rectangle(0, 0, width - 1, height - 1, outline=palette.line)
        for number, offer in enumerate(offers):
            yield None
            top = px(_EDGE) + row * number
            below = palette.card
            if number == self._lit:
                below = palette.hover
                box = Box(px(_EDGE), top, width - 2 * px(_EDGE), row)
                look.bubble(canvas, box, px(8), below, palette.card, ())
            self._draw_sign(offer, px(_EDGE + 8), top, below)
            line = one_line(offer.label, width - px(72), look.fonts, "label")
            y = top + (row - look.fonts.line_height("label")) // 2
            look.line(canvas, (px(56), y), line, (palette.text, palette.text, below), "label", ())

    def _draw_sign(self, offer: Offer, x: int, top: int, below: str) -> None:
        look, px, row = self._look, self._look.px, self._look.px(ROW)
        side = px(28)
        at = (x, top + (row - side) // 2)
        if offer.person is None:
            image = look.art.emoji(offer.words, px(24), below)
            if image is not None:
                self.canvas.create_image(at[0] + px(2), at[1] + px(2), image=image, anchor="nw")
            return
        one = offer.person
        face = Face(one.person, one.nick, one.colour, self._portrait(one), one.online or None)
        look.avatar(self.canvas, at, side, face, below, ())
