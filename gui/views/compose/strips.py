"""What stands above the field: what is answered or edited, and what is on its way up.

Each is a canvas as high as what it shows. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Final

from gui.chat.room import Transfer
from gui.paint.look import Look
from gui.text.rowlayout import Box
from gui.text.textlayout import one_line
from gui.words import wording

SUBJECT: Final = 48
UPLOAD: Final = 40
UPLOADS_MAX: Final = 4
"""Uploads shown at a time; further ones wait out of sight."""
_SIDE: Final = 32


class SubjectStrip:
    """Says what the next message answers or replaces, with a cross; a click goes there."""

    def __init__(
        self, master: tk.Misc, look: Look, on_close: Callable[[], None],
        on_click: Callable[[], None],
    ) -> None:  # fmt: skip
        """It shows nothing before :meth:`show`."""
        self._look = look
        self._on_close = on_close
        self._on_click = on_click
        self._over = False
        self.icon = self.title = self.words = ""
        self.widget = tk.Canvas(
            master, bd=0, highlightthickness=0, height=look.px(SUBJECT), cursor="hand2"
        )
        bind = self.widget.bind
        bind("<Configure>", lambda _: self.draw())
        bind("<Motion>", lambda e: self._hover(self._on_cross(e.x)))
        bind("<Leave>", lambda _: self._hover(False))
        bind("<ButtonRelease-1>", self._clicked)

    def show(self, icon: str, title: str, words: str) -> None:
        """Show other words."""
        if (icon, title, words) != (self.icon, self.title, self.words):
            self.icon, self.title, self.words = icon, title, words
            self.draw()

    def _on_cross(self, x: int) -> bool:
        return x >= self.widget.winfo_width() - self._look.px(_SIDE + 20)

    def _hover(self, over: bool) -> None:
        if over != self._over:
            self._over = over
            self.draw()

    def _clicked(self, event: "tk.Event[tk.Canvas]") -> None:
        if self._on_cross(event.x):
            self._on_close()
        else:
            self._on_click()

    def draw(self) -> None:
        """Draw it as wide as it is."""
        look, palette, px, canvas = self._look, self._look.palette, self._look.px, self.widget
        canvas.delete("all")
        canvas.configure(bg=palette.card)
        if not self.icon:
            return
        width, height = canvas.winfo_width(), px(SUBJECT)
        icon = look.art.icon(self.icon, px(22), palette.accent, palette.card)
        canvas.create_image(px(32), height // 2 + px(4), image=icon)
        canvas.create_rectangle(
            px(60), px(10), px(62), height - px(2), fill=palette.accent, width=0
        )
        left, room = px(72), width - px(72 + _SIDE + 32)
        high = look.fonts.line_height("name")
        top = px(4) + (height - px(4) - high - look.fonts.line_height("small")) // 2
        ink = (palette.accent, palette.accent, palette.card)
        look.line(canvas, (left, top), one_line(self.title, room, look.fonts, "name"), ink,
                  "name", ())  # fmt: skip
        ink = (palette.quiet, palette.quiet, palette.card)
        look.line(canvas, (left, top + high), one_line(self.words, room, look.fonts, "small"), ink,
                  "small", ())  # fmt: skip
        below = palette.hover if self._over else palette.card
        side, x = px(_SIDE), width - px(_SIDE + 16)
        disc = look.art.disc(side, below, palette.card)
        middle = height // 2 + px(4)
        canvas.create_image(x, middle - side // 2, image=disc, anchor="nw")
        ink_of = palette.text if self._over else palette.quiet
        cross = look.art.icon("close", px(18), ink_of, below)
        canvas.create_image(x + side // 2, middle, image=cross)


class UploadStrip:
    """Shows how far each upload is, with words to click: cancel, or try again and discard.

    Tab comes to it while there are uploads; arrows go from word to word, Enter clicks.
    """

    def __init__(
        self, master: tk.Misc, look: Look, on_cancel: Callable[[int], None],
        on_retry: Callable[[int], None],
    ) -> None:  # fmt: skip
        """Both callables get the number of the transfer."""
        self._look = look
        self._on_cancel = on_cancel
        self._on_retry = on_retry
        self._over = (-1, "")
        self._places: list[tuple[Box, int, str]] = []
        self.uploads: Sequence[Transfer] = ()
        self.widget = tk.Canvas(master, bd=0, highlightthickness=0, height=1, takefocus=1)
        bind = self.widget.bind
        bind("<Configure>", lambda _: self.draw())
        bind("<Motion>", lambda e: self._hover(self._at(e.x, e.y)))
        bind("<Leave>", lambda _: self._hover((-1, "")))
        bind("<ButtonRelease-1>", lambda e: self._do(*self._at(e.x, e.y)))
        bind("<FocusIn>", lambda _: self._step(0))
        bind("<FocusOut>", lambda _: self._hover((-1, "")))
        for key in ("<Left>", "<Up>"):
            bind(key, lambda _: self._step(-1))
        for key in ("<Right>", "<Down>"):
            bind(key, lambda _: self._step(1))
        for key in ("Return", "space"):
            bind(f"<{key}>", lambda _: self._do(*self._over))

    def show(self, uploads: Sequence[Transfer]) -> None:
        """Show other uploads."""
        self.uploads = uploads[:UPLOADS_MAX]
        self.draw()

    def _at(self, x: int, y: int) -> tuple[int, str]:
        for box, request, what in self._places:
            if box.x <= x < box.x + box.w and box.y <= y < box.y + box.h:
                return request, what
        return -1, ""

    def _hover(self, over: tuple[int, str]) -> None:
        if over != self._over:
            self._over = over
            self.widget.configure(cursor="hand2" if over[1] else "")
            self.draw()

    def _step(self, by: int) -> None:
        """Go to another of the words, from left to right and down; 0: to where one is."""
        words = [(request, what) for _, request, what in self._by_place()]
        if words:
            at = words.index(self._over) if self._over in words else 0
            self._hover(words[(at + by) % len(words)])

    def _by_place(self) -> list[tuple[Box, int, str]]:
        return sorted(self._places, key=lambda place: (place[0].y, place[0].x))

    def _do(self, request: int, what: str) -> None:
        if what == "again":
            self._on_retry(request)
        elif what:
            self._on_cancel(request)

    def draw(self) -> None:
        """Draw it as wide as it is."""
        px, canvas = self._look.px, self.widget
        self._places = []
        canvas.configure(height=px(UPLOAD) * len(self.uploads), bg=self._look.palette.card)
        canvas.delete("all")
        for number, one in enumerate(self.uploads):
            self._draw_one(one, px(UPLOAD) * number, max(px(240), canvas.winfo_width()))

    def _draw_one(self, one: Transfer, y: int, width: int) -> None:
        look, palette, px, tr = self._look, self._look.palette, self._look.px, self._look.tr
        if one.problem:
            words = tr("composer.unsent", name=one.label, reason=one.problem)
            right = self._button(one.request, "discard", tr("composer.discard"), width, y)
            right = self._button(one.request, "again", tr("composer.again"), right, y)
            ink = palette.danger
        else:
            words = tr("composer.sending", name=one.label)
            if one.total:
                words = tr(
                    "composer.sending_part", name=one.label,
                    done=wording.size(tr, one.done), total=wording.size(tr, one.total),
                )  # fmt: skip
            right = self._button(one.request, "cancel", tr("general.cancel"), width, y)
            ink = palette.quiet
        room = right - px(24)
        line = one_line(words, room, look.fonts, "small")
        top = y + px(8) if not one.problem else y + px(12)
        look.line(self.widget, (px(16), top), line, (ink, ink, palette.card), "small", ())
        if one.problem:
            return
        bar = Box(px(16), y + px(30), room - px(8), px(4))
        look.bubble(self.widget, bar, px(2), palette.pill, palette.card, ())
        part = min(1.0, one.done / one.total) if one.total else 0.0
        if part > 0.02:
            done = Box(bar.x, bar.y, max(px(4), round(bar.w * part)), bar.h)
            look.bubble(self.widget, done, px(2), palette.accent, palette.card, ())

    def _button(self, request: int, what: str, words: str, right: int, y: int) -> int:
        """Draw words to click that end at ``right``; return where they begin."""
        look, palette, px = self._look, self._look.palette, self._look.px
        line = one_line(words, px(240), look.fonts, "label")
        box = Box(right - line.width - px(28), y + px(4), line.width + px(16), px(32))
        below = palette.card
        if self._over == (request, what):
            below = palette.hover
            look.bubble(self.widget, box, px(8), below, palette.card, ())
        top = box.y + (box.h - look.fonts.line_height("label")) // 2
        ink = (palette.link, palette.link, below)
        look.line(self.widget, (box.x + px(8), top), line, ink, "label", ())
        self._places.append((box, request, what))
        return box.x + px(12)
