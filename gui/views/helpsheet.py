"""All keyboard shortcuts, grouped (F1 or Ctrl+/). Belongs to the Tk thread."""

import tkinter as tk

from gui.keys import SHORTCUTS
from gui.paint.look import Look
from gui.text.rowlayout import Box
from gui.text.textlayout import one_line
from gui.views.rowlist import RowList
from gui.views.sheet import Sheet

WIDTH, HEIGHT = 560, 560
ROW, HEADING = 36, 44

Item = tuple[str, str]


class HelpSheet:
    """The list of shortcuts; headings have no keys."""

    def __init__(self, master: tk.Misc, look: Look) -> None:
        """Show it."""
        self._look = look
        tr, px = look.tr, look.px
        self.sheet = Sheet(master, look, tr("help.title"), WIDTH, HEIGHT)
        rows: list[Item] = []
        group = ""
        for where, name, keys in SHORTCUTS:
            if where != group:
                group = where
                rows.append((tr(f"help.group_{where}"), ""))
            rows.append((tr(f"help.{name}"), keys))
        self.list: RowList[Item] = RowList(
            self.sheet.card, look, "card", lambda row: px(ROW if row[1] else HEADING),
            self._paint, lambda _: None, None, lambda _: False,
        )  # fmt: skip
        self.list.set_items(rows)
        widget = self.list.widget
        widget.pack(fill="both", expand=True, padx=px(8), pady=(0, px(16)))
        widget.configure(takefocus=1)
        steps = {"Up": -48, "Down": 48, "Prior": -400, "Next": 400}
        for key in steps:
            widget.bind(f"<{key}>", lambda event: self.list.scroll(px(steps[event.keysym])))
        widget.bind("<Escape>", lambda _: self.sheet.escape())
        widget.after_idle(widget.focus_set)

    def _paint(self, canvas: tk.Canvas, row: Item, y: int, width: int, _lit: bool) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        words, keys = row
        ruler = look.fonts
        if not keys:
            line = one_line(words, width - px(32), ruler, "name")
            top = y + px(HEADING) - ruler.line_height("name") - px(6)
            ink = (palette.link, palette.link, palette.card)
            look.line(canvas, (px(16), top), line, ink, "name", ())
            return
        right = width - px(16)
        parts = [part.strip() for part in keys.split(", ")] if keys != "Ctrl+," else [keys]
        for part in reversed(parts):
            right = self._key(canvas, part, right, y) - px(6)
        line = one_line(words, right - px(16), ruler, "label")
        top = y + (px(ROW) - ruler.line_height("label")) // 2
        ink = (palette.text, palette.text, palette.card)
        look.line(canvas, (px(16), top), line, ink, "label", ())

    def _key(self, canvas: tk.Canvas, cap: str, right: int, y: int) -> int:
        """Paint a key cap that ends at ``right``; return where it begins."""
        look, palette, px = self._look, self._look.palette, self._look.px
        line = one_line(cap, px(240), look.fonts, "small")
        wide, high = line.width + px(16), px(24)
        box = Box(right - wide, y + (px(ROW) - high) // 2, wide, high)
        look.bubble(canvas, box, px(6), palette.pill, palette.card, ())
        top = box.y + (high - look.fonts.line_height("small")) // 2
        ink = (palette.on_pill, palette.on_pill, palette.pill)
        look.line(canvas, (box.x + px(8), top), line, ink, "small", ())
        return box.x
