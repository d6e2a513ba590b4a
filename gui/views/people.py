"""The people column: online first; a click opens a direct message."""

import tkinter as tk
from collections.abc import Callable

from gui.look import Look
from gui.model import Model
from gui.rowlayout import Box
from gui.textlayout import one_line
from gui.views.rowlist import RowList
from protocol.client.happenings import PersonInfo

ROW = 44
HEADING = 36


class PeopleColumn:
    """Shows the people of a model."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, choose: Callable[[PersonInfo], None]
    ) -> None:
        """``choose`` gets whoever is clicked."""
        self._look = look
        self._model = model
        self._choose = choose
        self._list: RowList[PersonInfo | str] = RowList(
            master, look, "side", self._height, self._paint, self._chosen
        )
        self.widget = self._list.widget

    def show(self) -> None:
        """Draw the model's people."""
        online = [one for one in self._model.people if one.online]
        away = [one for one in self._model.people if not one.online]
        items: list[PersonInfo | str] = [f"Online – {len(online)}"]
        items += online
        if away:
            items.append(f"Away – {len(away)}")
            items += away
        self._list.set_items(items)

    def place_of(self, nick: str) -> tuple[int, int] | None:
        """Return the middle of somebody's row in the widget."""
        for index, item in enumerate(self._list.items):
            if isinstance(item, PersonInfo) and item.nick == nick:
                return self.widget.winfo_width() // 2, self._list.y_of(index) + self._look.px(22)
        return None

    def _height(self, item: PersonInfo | str) -> int:
        return self._look.px(HEADING if isinstance(item, str) else ROW)

    def _chosen(self, item: PersonInfo | str) -> None:
        if isinstance(item, PersonInfo) and item.person != self._model.me:
            self._choose(item)

    def _paint(
        self, canvas: tk.Canvas, item: PersonInfo | str, y: int, width: int, hovered: bool
    ) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        ruler = look.fonts
        if isinstance(item, str):
            top = y + px(HEADING) - ruler.line_height("small") - px(6)
            line = one_line(item, width - px(32), ruler, "small")
            quiet = (palette.quiet, palette.quiet, palette.side)
            look.line(canvas, (px(16), top), line, quiet, "small", ())
            return
        me = item.person == self._model.me
        below = palette.side
        if hovered and not me:
            below = palette.hover
            box = Box(px(8), y, width - px(16), px(ROW))
            look.bubble(canvas, box, px(8), below, palette.side, ())
        at = (px(16), y + px(8))
        look.avatar(canvas, at, px(28), (item.person, item.nick), below, ())
        if item.online:
            ring, dot = px(34), px(36)
            canvas.create_oval(
                ring, y + px(26), ring + px(12), y + px(38), fill=below, outline=below
            )
            image = look.art.disc(px(8), palette.online, below)
            canvas.create_image(dot, y + px(28), image=image, anchor="nw")
        name = f"{item.nick} (you)" if me else item.nick
        line = one_line(name, width - px(56 + 20), ruler, "label")
        ink = palette.text if item.online else palette.quiet
        top = y + (px(ROW) - ruler.line_height("label")) // 2
        look.line(canvas, (px(56), top), line, (ink, ink, below), "label", ())
