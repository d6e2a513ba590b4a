"""Painted controls that choose one of several: words, numbers, colours. Belong to the Tk thread."""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from gui.paint.controls import Control
from gui.paint.look import Look
from gui.text.textlayout import one_line

V = TypeVar("V")


class Choice(Control, Generic[V]):
    """One of a few, side by side; below each other where they are too wide, or by wish."""

    def __init__(
        self, master: tk.Misc, look: Look, options: Sequence[tuple[V, str]], chosen: V,
        change: Callable[[V], None], below: str = "card", stacked: bool = False,
    ) -> None:  # fmt: skip
        """``options`` are (value, words); ``change`` gets the value."""
        self._options = tuple(options)
        self.chosen = chosen
        self._change = change
        self._by_wish = stacked
        self._stacked = stacked
        super().__init__(master, look, below, look.px(40))

    def set(self, chosen: V) -> None:
        """Show a choice, without telling anybody."""
        self.chosen = chosen
        self.restyle()

    def place_of(self, value: V) -> tuple[int, int]:
        """Return the middle of an option in the widget."""
        index = [one for one, _ in self._options].index(value)
        wide, high = self.widget.winfo_width(), self._look.px(40)
        if self._stacked:
            return wide // 2, index * high + high // 2
        return int((index + 0.5) * wide / len(self._options)), high // 2

    def _index(self) -> int:
        return next((i for i, (value, _) in enumerate(self._options) if value == self.chosen), 0)

    def _choose(self, index: int) -> None:
        value = self._options[index][0]
        if value != self.chosen:
            self.chosen = value
            self.restyle()
            self._change(value)

    def _step(self, step: int) -> None:
        self._choose(max(0, min(len(self._options) - 1, self._index() + step)))

    def _press(self, part: int) -> None:
        self.widget.focus_set()
        if part >= 0:
            self._choose(part)

    def _part_at(self, x: int, y: int) -> int:
        if super()._part_at(x, y) < 0:
            return -1
        count = len(self._options)
        if self._stacked:
            return min(count - 1, y // self._look.px(40))
        return min(count - 1, x * count // max(1, self.widget.winfo_width()))

    def _paint(self, width: int) -> None:
        look, px = self._look, self._look.px
        widest = max(look.fonts.width("label", words) for _, words in self._options)
        self._stacked = self._by_wish or widest + px(24) > width // len(self._options)
        rows = len(self._options) if self._stacked else 1
        if px(40) * rows != self.widget.winfo_height():
            self.widget.configure(height=px(40) * rows)
        if not self._stacked:
            self._box(0, 0, width, px(40), look.palette.field, self._focused)
        for index, (value, words) in enumerate(self._options):
            if self._stacked:
                self._stack_row(index, words, value == self.chosen, width)
            else:
                self._segment(index, words, value == self.chosen, width)

    def _segment(self, index: int, words: str, chosen: bool, width: int) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        count = len(self._options)
        left, right = index * width // count, (index + 1) * width // count
        below, ink = palette.field, palette.quiet
        if chosen or self._hot == index:
            below = palette.accent if chosen else palette.pill
            ink = palette.on_accent if chosen else palette.text
            image = look.shapes.box(
                right - left - px(8), px(32), px(6), below, palette.field, below, 0
            )
            self.widget.create_image(left + px(4), px(4), image=image, anchor="nw")
        line = one_line(words, right - left - px(12), look.fonts, "label")
        top = (px(40) - look.fonts.line_height("label")) // 2
        at = ((left + right - line.width) // 2, top)
        look.line(self.widget, at, line, (ink, ink, below), "label", ())

    def _stack_row(self, index: int, words: str, chosen: bool, width: int) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        y = index * px(40)
        below = palette.hover if self._hot == index else self.ground
        self._box(0, y, width, px(40), below, self._focused and chosen)
        side = px(20)
        ring = palette.accent if chosen else palette.groove
        image = look.shapes.box(side, side, side // 2, below, below, ring, px(2))
        self.widget.create_image(px(8), y + px(10), image=image, anchor="nw")
        if chosen:
            dot = look.shapes.box(px(10), px(10), px(5), palette.accent, below)
            self.widget.create_image(px(13), y + px(15), image=dot, anchor="nw")
        line = one_line(words, width - px(48), look.fonts, "label")
        top = y + (px(40) - look.fonts.line_height("label")) // 2
        ink = (palette.text, palette.text, below)
        look.line(self.widget, (px(40), top), line, ink, "label", ())


class Slider(Control):
    """One of some numbers along a line."""

    def __init__(
        self, master: tk.Misc, look: Look, steps: Sequence[int], value: int,
        change: Callable[[int, bool], None], below: str = "card",
    ) -> None:  # fmt: skip
        """``change`` gets the number, and whether it is final: the mouse was let go."""
        self._steps = tuple(steps)
        self.value = min(self._steps, key=lambda one: abs(one - value))
        self._change = change
        super().__init__(master, look, below, look.px(40))
        self.widget.bind("<Button-1>", self._drag)
        self.widget.bind("<B1-Motion>", self._drag)
        self.widget.bind("<ButtonRelease-1>", lambda _: self._change(self.value, True))
        self.widget.bind("<Home>", lambda _: self._key(lambda: self._step(-len(self._steps))))
        self.widget.bind("<End>", lambda _: self._key(lambda: self._step(len(self._steps))))

    def place_of(self, value: int) -> tuple[int, int]:
        """Return where the knob stands for a number."""
        left, wide = self._track(self.widget.winfo_width())
        return left + wide * self._steps.index(value) // (len(self._steps) - 1), self._look.px(20)

    def _track(self, width: int) -> tuple[int, int]:
        edge = self._look.px(14)
        return edge, max(1, width - 2 * edge)

    def _drag(self, event: "tk.Event[tk.Canvas]") -> None:
        self.widget.focus_set()
        left, wide = self._track(self.widget.winfo_width())
        last = len(self._steps) - 1
        index = max(0, min(last, round((event.x - left) * last / wide)))
        if self._steps[index] != self.value:
            self.value = self._steps[index]
            self.restyle()
            self._change(self.value, False)

    def _step(self, step: int) -> None:
        at = self._steps.index(self.value)
        to = max(0, min(len(self._steps) - 1, at + step))
        if to != at:
            self.value = self._steps[to]
            self.restyle()
            self._change(self.value, True)

    def _paint(self, width: int) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        at, middle = self.place_of(self.value)
        stops = tuple(self.place_of(step)[0] for step in self._steps)
        edge = palette.text if self._focused else palette.accent
        colours = (palette.accent, palette.line, palette.groove, edge)
        image = look.shapes.slider(width, px(24), stops, at, px(4), colours, self.ground)
        self.widget.create_image(0, middle - px(12), image=image, anchor="nw")


class Swatches(Control, Generic[V]):
    """One of some colours; as many in a row as there is room for."""

    def __init__(
        self, master: tk.Misc, look: Look, options: Sequence[tuple[V, str]], chosen: V,
        change: Callable[[V], None], below: str = "card",
    ) -> None:  # fmt: skip
        """``options`` are (value, colour); ``change`` gets the value."""
        self._options = tuple(options)
        self.chosen = chosen
        self._change = change
        super().__init__(master, look, below, look.px(48))

    def set(self, chosen: V, options: Sequence[tuple[V, str]] = ()) -> None:
        """Show a choice, with other colours if they are given; nobody is told."""
        self._options = tuple(options) or self._options
        self.chosen = chosen
        self.restyle()

    def place_of(self, value: V) -> tuple[int, int]:
        """Return the middle of an option in the widget."""
        index = [one for one, _ in self._options].index(value)
        side, columns = self._look.px(44), self._columns(self.widget.winfo_width())
        return index % columns * side + side // 2, index // columns * side + side // 2

    def _columns(self, width: int) -> int:
        most = max(1, min(len(self._options), width // self._look.px(44)))
        rows = -(-len(self._options) // most)
        # No row with a single one left over.
        return -(-len(self._options) // rows)

    def _part_at(self, x: int, y: int) -> int:
        side, columns = self._look.px(44), self._columns(self.widget.winfo_width())
        if not 0 <= x < side * columns or y < 0:
            return -1
        part = y // side * columns + x // side
        return part if part < len(self._options) else -1

    def _press(self, part: int) -> None:
        self.widget.focus_set()
        if part >= 0:
            self._choose(part)

    def _step(self, step: int) -> None:
        values = [value for value, _ in self._options]
        at = values.index(self.chosen) if self.chosen in values else -1
        self._choose(max(0, min(len(values) - 1, at + step)))

    def _choose(self, index: int) -> None:
        value = self._options[index][0]
        if value != self.chosen:
            self.chosen = value
            self.restyle()
            self._change(value)

    def _paint(self, width: int) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        side, columns = px(44), self._columns(width)
        rows = -(-len(self._options) // columns)
        if rows * side != self.widget.winfo_height():
            self.widget.configure(height=rows * side)
        for index, (value, colour) in enumerate(self._options):
            x, y = index % columns * side, index // columns * side
            below = palette.hover if self._hot == index else self.ground
            self._box(x, y, side, side, below, self._focused and value == self.chosen)
            ring = colour if value == self.chosen else ""
            image = look.shapes.swatch(px(32), colour, ring, below)
            self.widget.create_image(x + px(6), y + px(6), image=image, anchor="nw")
