"""Painted controls: what they have in common, switches, and check boxes.

Each is one canvas: cheap to make, drawn with smooth pictures in our own colours, with
lines of text that know Thai and emoji. All are worked with Tab, arrows, Space and Enter,
and show their focus. Belong to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable

from gui.paint.look import Look
from gui.text.textlayout import Block, wrap


class Control:
    """A canvas that can be focused and hovered; ``widget`` is what to place."""

    def __init__(self, master: tk.Misc, look: Look, below: str, height: int) -> None:
        """``below`` names the palette's colour around it; ``height`` in device pixels."""
        self._look = look
        self._below = below
        self._focused = False
        self._hot = -1
        """The part below the mouse, or -1."""
        self.widget = tk.Canvas(
            master, bd=0, highlightthickness=0, takefocus=1, width=look.px(64), height=height,
            cursor="hand2", bg=getattr(look.palette, below),
        )  # fmt: skip
        bind = self.widget.bind
        bind("<Configure>", lambda _: look.slices.paint(self.widget, self.restyle))
        bind("<FocusIn>", lambda _: self._focus(True))
        bind("<FocusOut>", lambda _: self._focus(False))
        bind("<Motion>", lambda event: self._hover(self._part_at(event.x, event.y)))
        bind("<Leave>", lambda _: self._hover(-1))
        bind("<ButtonRelease-1>", lambda event: self._press(self._part_at(event.x, event.y)))
        for key in ("<Left>", "<Up>"):
            bind(key, lambda _: self._key(lambda: self._step(-1)))
        for key in ("<Right>", "<Down>"):
            bind(key, lambda _: self._key(lambda: self._step(1)))
        for key in ("<space>", "<Return>"):
            bind(key, lambda _: self._key(self._act))

    @property
    def ground(self) -> str:
        """The colour around it."""
        return str(getattr(self._look.palette, self._below))

    def restyle(self) -> None:
        """Draw it in the palette and the size of now."""
        self.widget.configure(bg=self.ground)
        self.widget.delete("all")
        if self.widget.winfo_width() > 1:
            self._paint(self.widget.winfo_width())

    def _paint(self, width: int) -> None:
        raise NotImplementedError

    def _part_at(self, x: int, y: int) -> int:
        inside = 0 <= x < self.widget.winfo_width() and 0 <= y < self.widget.winfo_height()
        return 0 if inside else -1

    def _press(self, part: int) -> None:
        self.widget.focus_set()
        if part >= 0:
            self._act()

    def _act(self) -> None:
        """Space, Enter, or a click."""

    def _step(self, step: int) -> None:
        """An arrow key."""

    def _key(self, work: Callable[[], None]) -> str:
        work()
        # What lies below must not take the same key for its own.
        return "break"

    def _focus(self, focused: bool) -> None:
        self._focused = focused
        self.restyle()

    def _hover(self, part: int) -> None:
        if part != self._hot:
            self._hot = part
            self.restyle()

    def _box(self, x: int, y: int, width: int, height: int, fill: str, ring: bool) -> None:
        look = self._look
        image = look.shapes.box(
            width, height, look.px(8), fill, self.ground, look.palette.accent,
            look.px(2) if ring else 0,
        )  # fmt: skip
        self.widget.create_image(x, y, image=image, anchor="nw")

    def _words(self, x: int, y: int, block: Block, ink: str, role: str, below: str) -> None:
        for index, line in enumerate(block.lines):
            at = (x, y + index * block.line_height)
            self._look.line(self.widget, at, line, (ink, ink, below), role, ())


class _Row(Control):
    """A sign and words beside it, with a quiet note below them; the whole row is clickable."""

    def __init__(
        self, master: tk.Misc, look: Look, text: str, on: bool, change: Callable[[bool], None],
        note: str = "", below: str = "card",
    ) -> None:  # fmt: skip
        """``change`` gets the new state."""
        self.on = on
        self._text = text
        self._note = note
        self._change = change
        super().__init__(master, look, below, look.px(40))

    def set(self, on: bool) -> None:
        """Show a state, without telling anybody."""
        self.on = on
        self.restyle()

    def set_words(self, text: str) -> None:
        """Say something else beside the sign."""
        if text != self._text:
            self._text = text
            self.restyle()

    def _act(self) -> None:
        self.on = not self.on
        self.restyle()
        self._change(self.on)

    def _sign_width(self) -> int:
        raise NotImplementedError

    def _sign(self, x: int, y: int, high: int, below: str) -> None:
        raise NotImplementedError

    def _sign_first(self) -> bool:
        return False

    def _paint(self, width: int) -> None:
        palette, px, fonts = self._look.palette, self._look.px, self._look.fonts
        sign, gap = self._sign_width(), px(12)
        room = width - sign - gap - 2 * px(8)
        words = wrap(self._text, room, fonts, "label")
        note = wrap(self._note, room, fonts, "small") if self._note else None
        text_high = words.height + (note.height + px(2) if note else 0)
        high = max(px(40), text_high + px(16))
        if high != self.widget.winfo_height():
            # Comes back by <Configure>.
            self.widget.configure(height=high)
        below = palette.hover if self._hot >= 0 else self.ground
        self._box(0, 0, width, high, below, self._focused)
        first_line = px(8) if note or len(words.lines) > 1 else (high - text_high) // 2
        left = px(8) + sign + gap if self._sign_first() else px(8)
        self._words(left, first_line, words, palette.text, "label", below)
        if note:
            at = first_line + words.height + px(2)
            self._words(left, at, note, palette.quiet, "small", below)
        sign_x = px(8) if self._sign_first() else width - px(8) - sign
        self._sign(sign_x, first_line, words.line_height, below)


class Switch(_Row):
    """Turns something on or off, at once; the switch stands at the right."""

    def _sign_width(self) -> int:
        return round(self._look.px(22) * 1.75)

    def _sign(self, x: int, y: int, high: int, below: str) -> None:
        palette, side = self._look.palette, self._look.px(22)
        groove = palette.accent if self.on else palette.groove
        knob = palette.on_accent if self.on else palette.knob
        image = self._look.shapes.switch(side, self.on, groove, knob, below)
        self.widget.create_image(x, y + (high - side) // 2, image=image, anchor="nw")

    def _step(self, step: int) -> None:
        if self.on != (step > 0):
            self._act()


class CheckBox(_Row):
    """Something to tick, before a button is pressed."""

    def _press(self, part: int) -> None:
        # The focus stays where it is: Enter there still means what it meant.
        if part >= 0:
            self._act()

    def _sign_first(self) -> bool:
        return True

    def _sign_width(self) -> int:
        return self._look.px(20)

    def _sign(self, x: int, y: int, high: int, below: str) -> None:
        palette, side = self._look.palette, self._look.px(20)
        image = self._look.shapes.tick(
            side, self.on, palette.accent, palette.on_accent, palette.groove, below
        )
        self.widget.create_image(x, y + (high - side) // 2, image=image, anchor="nw")
