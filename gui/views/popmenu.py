"""A menu of commands that pops up at a place of the screen, painted like the rest of the window.

A canvas over the window rather than a Tk menu, which looks foreign and cannot show Thai. It
holds mouse and keyboard while it is open; a click beside it or Esc closes it. A menu
inside a menu takes its place, with a line that leads back. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gui.paint.look import Look
from gui.paint.slices import Steps
from gui.text.rowlayout import Box
from gui.text.textlayout import clean, one_line

LINE = 36
LINE_MIN = 24
_RULE = 9
_WIDE = (200, 320)
_EDGE = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a menu; without words a rule between others."""

    words: str = ""
    work: Callable[[], None] | None = None
    """None: the line is a heading."""
    chosen: bool = False
    """It is what holds now, among others of its kind."""
    danger: bool = False
    inside: tuple["Choice", ...] = ()
    """A menu of its own that takes the place of this one."""
    note: str = ""
    """What holds now of what is inside: a word or two."""


RULE = Choice()


class PopMenu:
    """The menu of one window."""

    def __init__(self, root: tk.Misc, look: Look) -> None:
        """Make it; it is shown by :meth:`show`."""
        self._root = root.winfo_toplevel()
        self._look = look
        self._outer: list[Sequence[Choice]] = []
        self._back: tk.Misc | None = None
        self._lit = -1
        self._line = look.px(LINE)
        self._wished = (0, 0)
        """Where in the window its corner should be."""
        self.choices: Sequence[Choice] = ()
        """What it shows, or showed last."""
        self.open = False
        self.widget = tk.Canvas(self._root, bd=0, takefocus=0, highlightthickness=1)
        bind = self.widget.bind
        bind("<Map>", lambda _: self.widget.grab_set() if self.open else None)
        bind("<Motion>", lambda e: self._light(self._index_at(e.x, e.y)))
        bind("<Button>", self._press)
        bind("<ButtonRelease-1>", self._release)
        bind("<KeyPress>", self._key)
        bind("<FocusOut>", lambda _: self._left())

    def show(self, choices: Sequence[Choice], x: int, y: int) -> None:
        """Pop up with its upper left corner at a place of the screen, or as near as it fits."""
        if not self.open:
            self._back = self._root.focus_lastfor()
        self._outer.clear()
        self.open = True
        self._wished = (x - self._root.winfo_rootx(), y - self._root.winfo_rooty())
        self._fill(choices)
        tk.Misc.lift(self.widget)
        self.widget.focus_set()

    def hide(self) -> None:
        """Take it away and give the focus back."""
        if not self.open:
            return
        self.open = False
        self.widget.grab_release()
        self.widget.place_forget()
        back = self._back
        # Of this window: another program may have the keyboard by now.
        held = self.widget.focus_lastfor() is self.widget
        if back is not None and back.winfo_exists() and held:
            back.focus_set()

    def close(self) -> None:
        """End it for good."""
        self.hide()
        if self.widget.winfo_exists():
            self.widget.destroy()

    def choose(self, index: int) -> None:
        """Do what a line says, or show the menu inside it."""
        one = self.choices[index]
        if one.inside:
            outer = self.choices
            self._outer.append(outer)
            self._fill((Choice(one.words, self._leave), RULE, *one.inside))
        elif one.work == self._leave:
            self._leave()
        elif one.work is not None:
            self.hide()
            one.work()

    def _leave(self) -> None:
        if self._outer:
            self._fill(self._outer.pop())

    # --- measures and paint -----------------------------------------------------

    def _tall(self, one: Choice) -> int:
        return self._line if one.words else self._look.px(_RULE)

    def _height(self) -> int:
        return sum(map(self._tall, self.choices)) + self._look.px(2 * _EDGE)

    def _width(self) -> int:
        px, ruler = self._look.px, self._look.fonts
        most = px(_WIDE[1])
        wide = max((one_line(clean(one.words), most, ruler, "label").width
                    + (ruler.width("small", one.note) + px(12) if one.note else 0)
                    for one in self.choices), default=0)  # fmt: skip
        return max(px(_WIDE[0]), min(most, wide + px(72)))

    def _fill(self, choices: Sequence[Choice]) -> None:
        self.choices = choices
        self._lit = -1
        px, lines = self._look.px, sum(bool(one.words) for one in choices)
        rest = px(2 * _EDGE) + px(_RULE) * (len(choices) - lines)
        # In a low window the lines stand closer: all of them can be reached.
        room = (self._root.winfo_height() - rest - 2) // max(1, lines)
        self._line = max(px(LINE_MIN), min(px(LINE), room))
        self._draw()
        # A menu inside may be longer than the one around it.
        root, (x, y) = self._root, self._wished
        left = max(0, min(x, root.winfo_width() - self._width() - 2))
        top = max(0, min(y, root.winfo_height() - self._height() - 2))
        self.widget.place(x=left, y=top)

    def _draw(self) -> None:
        self._look.slices.paint(self.widget, self._paint)

    def _paint(self) -> Steps:
        look, palette, px, canvas = self._look, self._look.palette, self._look.px, self.widget
        ruler, width = look.fonts, self._width()
        canvas.configure(
            width=width, height=self._height(), bg=palette.card, highlightbackground=palette.line,
            highlightcolor=palette.line, cursor="hand2" if self._lit >= 0 else "",
        )  # fmt: skip
        canvas.delete("all")
        y = px(_EDGE)
        for index, one in enumerate(self.choices):
            yield None
            tall = self._tall(one)
            if not one.words:
                middle = y + tall // 2
                canvas.create_line(px(12), middle, width - px(12), middle, fill=palette.line)
                y += tall
                continue
            below = palette.card
            if index == self._lit:
                below = palette.hover
                box = Box(px(_EDGE), y, width - px(2 * _EDGE), tall)
                look.bubble(canvas, box, px(8), below, palette.card, ())
            back = one.work == self._leave
            ink = palette.danger if one.danger else palette.text
            if (one.work is None and not one.inside) or back:
                ink = palette.quiet
            left = px(18)
            if back:
                image = look.art.icon("back", px(18), ink, below)
                canvas.create_image(left, y + tall // 2, image=image, anchor="w")
                left += px(24)
            right = width - px(40)
            if one.note:
                most = right - left - ruler.width("label", one.words) - px(12)
                line = one_line(clean(one.note), most, ruler, "small")
                right -= line.width
                top = y + (tall - ruler.line_height("small")) // 2
                look.line(canvas, (right, top), line, (palette.quiet,) * 2 + (below,), "small", ())
                right -= px(8)
            line = one_line(clean(one.words), right - left, ruler, "label")
            top = y + (tall - ruler.line_height("label")) // 2
            look.line(canvas, (left, top), line, (ink, ink, below), "label", ())
            sign = "next" if one.inside else "check" if one.chosen else ""
            if sign:
                tint = palette.accent if one.chosen else palette.quiet
                image = look.art.icon(sign, px(18), tint, below)
                canvas.create_image(width - px(14), y + tall // 2, image=image, anchor="e")
            y += tall

    # --- mouse and keys ---------------------------------------------------------

    def _index_at(self, x: int, y: int) -> int:
        if not 0 <= x < self.widget.winfo_width():
            return -1
        top = self._look.px(_EDGE)
        for index, one in enumerate(self.choices):
            if top <= y < top + self._tall(one):
                return index if one.work is not None or one.inside else -1
            top += self._tall(one)
        return -1

    def _light(self, index: int) -> None:
        if index != self._lit:
            self._lit = index
            self._draw()

    def _left(self) -> None:
        # An older event may come late, when the next menu has the focus already.
        if self.widget.focus_get() is not self.widget:
            self.hide()

    def _press(self, event: "tk.Event[tk.Canvas]") -> None:
        inside = 0 <= event.x < self.widget.winfo_width()
        if not (inside and 0 <= event.y < self.widget.winfo_height()):
            self.hide()

    def _release(self, event: "tk.Event[tk.Canvas]") -> None:
        index = self._index_at(event.x, event.y)
        if index >= 0 and self.open:
            self.choose(index)

    def _key(self, event: "tk.Event[tk.Canvas]") -> str:
        lines = [i for i, one in enumerate(self.choices) if one.work is not None or one.inside]
        at = lines.index(self._lit) if self._lit in lines else -1
        match event.keysym:
            case "Escape":
                self.hide()
            case "Left":
                self._leave()
            case "Down" | "Tab" if lines:
                self._light(lines[(at + 1) % len(lines)])
            case "Up" | "ISO_Left_Tab" if lines:
                self._light(lines[(at if at > 0 else len(lines)) - 1])
            case "Right" if at >= 0 and self.choices[self._lit].inside:
                self.choose(self._lit)
            case "Return" | "space" | "KP_Enter" if at >= 0:
                self.choose(self._lit)
        return "break"
