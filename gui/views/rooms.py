"""The rooms column: open rooms, then direct messages, with last line and unread count."""

import tkinter as tk
from collections.abc import Callable
from datetime import date

from gui import wording
from gui.look import Look
from gui.model import Model
from gui.room import Room
from gui.rowlayout import Box
from gui.textlayout import one_line
from gui.views.rowlist import RowList

ROW = 64
HEADING = 36
AVATAR = 40


class RoomsColumn:
    """Shows the rooms of a model; a click opens one."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, choose: Callable[[bytes], None]
    ) -> None:
        """``choose`` gets the room."""
        self._look = look
        self._model = model
        self._choose = choose
        self._list: RowList[Room | str] = RowList(
            master, look, "side", self._height, self._paint, self._chosen
        )
        self.widget = self._list.widget

    def show(self) -> None:
        """Draw the model's rooms."""
        rooms = list(self._model.rooms.values())
        direct = [room for room in rooms if self._model.is_direct(room)]
        direct.sort(key=lambda room: -(room.last.ts if room.last else 0))
        items: list[Room | str] = ["Rooms"]
        items += [room for room in rooms if not self._model.is_direct(room)]
        if len(items) == 1:
            items.append("None yet: press + to join one")
        items.append("Direct messages")
        items += direct or ["Click somebody at the right to write privately"]
        self._list.set_items(items)

    def place_of(self, room: bytes) -> tuple[int, int] | None:
        """Return the middle of a room's row in the widget, for tests and shortcuts."""
        for index, item in enumerate(self._list.items):
            if isinstance(item, Room) and item.room == room:
                return self.widget.winfo_width() // 2, self._list.y_of(index) + self._look.px(32)
        return None

    def _height(self, item: Room | str) -> int:
        return self._look.px(HEADING if isinstance(item, str) else ROW)

    def _chosen(self, item: Room | str) -> None:
        if isinstance(item, Room):
            self._choose(item.room)

    def _paint(
        self, canvas: tk.Canvas, item: Room | str, y: int, width: int, hovered: bool
    ) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        ruler = look.fonts
        if isinstance(item, str):
            line = one_line(item, width - px(32), ruler, "small")
            top = y + px(HEADING) - ruler.line_height("small") - px(6)
            quiet = (palette.quiet, palette.quiet, palette.side)
            look.line(canvas, (px(16), top), line, quiet, "small", ())
            return
        active = item.room == self._model.active
        below = palette.side
        if active or hovered:
            fill = palette.pill if active else palette.hover
            box = Box(px(8), y + px(2), width - px(16), px(ROW - 4))
            look.bubble(canvas, box, px(8), fill, palette.side, ())
            below = fill
        title = self._model.title(item)
        at = (px(16), y + px((ROW - AVATAR) // 2))
        direct = self._model.is_direct(item)
        mark = title if direct else "#"
        look.avatar(canvas, at, px(AVATAR), (item.room, mark), below, ())
        left, right = px(16 + AVATAR + 12), width - px(20)
        stamp = ""
        last = item.last
        if last is not None:
            today = date.today()
            day = wording.day_of(last.ts)
            stamp = wording.clock(last.ts)
            if day != today:
                stamp = f"{day.day}.{day.month:02d}." if day.year == today.year else f"{day.year}"
        stamp_w = ruler.width("small", stamp)
        look.line(
            canvas,
            (left, y + px(11)),
            one_line(title, right - left - stamp_w - px(8), ruler, "name"),
            (palette.text, palette.text, below),
            "name",
            (),
        )
        canvas.create_text(
            right, y + px(13), text=stamp, anchor="ne", fill=palette.quiet,
            font=ruler.named("small"),
        )  # fmt: skip
        unread = item.unread
        badge_w = 0
        if unread:
            count = str(unread) if unread < 1000 else "999+"
            badge_w = max(px(20), ruler.width("small", count) + px(12))
            box = Box(right - badge_w, y + px(34), badge_w, px(20))
            look.bubble(canvas, box, px(10), palette.accent, below, ())
            canvas.create_text(
                right - badge_w // 2, y + px(44), text=count, fill=palette.on_accent,
                font=ruler.named("small"),
            )  # fmt: skip
        text = wording.summary(last, direct) if last is not None else "No messages yet"
        look.line(
            canvas,
            (left, y + px(34)),
            one_line(text, right - left - badge_w - px(8), ruler, "small"),
            (palette.quiet, palette.quiet, below),
            "small",
            (),
        )
