"""What stands over a timeline and does not scroll with it.

The line above the first message, the way to the newest one, the scroll thumb,
and what is said when there are no messages. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable

from gui.look import Look
from gui.room import Room
from gui.rowlayout import Box
from gui.textlayout import one_line

TAG = "overlay"


class Signs:
    """Paints on the timeline's canvas; all items carry ``TAG``, or ``empty``."""

    def __init__(
        self,
        canvas: tk.Canvas,
        look: Look,
        hot: dict[int, Callable[[], None]],
        on_jump: Callable[[], None],
        on_again: Callable[[], None],
    ) -> None:
        """``hot`` takes what a click on an item does."""
        self._canvas = canvas
        self._look = look
        self._hot = hot
        self._on_jump = on_jump
        self._on_again = on_again

    def clear(self) -> None:
        """Take all of them away."""
        for item in self._canvas.find_withtag(TAG):
            self._hot.pop(item, None)
        self._canvas.delete(TAG)

    def above(self, y: int, room: Room | None) -> None:
        """Say what is above the first message, whose top is at ``y``."""
        if room is None:
            return
        look = self._look
        words = "The beginning of this room"
        if room.trouble:
            words = f"{room.trouble} – click to try again"
        elif room.more:
            words = "Fetching older messages…"
        item = self._canvas.create_text(
            self._canvas.winfo_width() // 2, y - look.px(16), text=words,
            fill=look.palette.quiet, font=look.fonts.named("small"), tags=(TAG,),
        )  # fmt: skip
        if room.trouble:
            self._hot[item] = self._on_again

    def jump(self, view: int, fresh: int) -> None:
        """Offer the way to the newest message; ``fresh`` ones came meanwhile."""
        canvas, look, palette, px = self._canvas, self._look, self._look.palette, self._look.px
        words = "Newest ↓"
        if fresh:
            words = f"{fresh} new message{'' if fresh == 1 else 's'} ↓"
        middle = canvas.winfo_width() // 2
        wide = look.fonts.width("name", words) + px(32)
        box = Box(middle - wide // 2, view - px(52), wide, px(36))
        fill = palette.accent if fresh else palette.pill
        ink = palette.on_accent if fresh else palette.on_pill
        tags = (TAG, "jump")
        look.bubble(canvas, box, px(18), fill, palette.chat, tags)
        canvas.create_text(
            middle, box.y + box.h // 2, text=words, fill=ink, font=look.fonts.named("name"),
            tags=tags,
        )  # fmt: skip
        for item in canvas.find_withtag("jump"):
            self._hot[item] = self._on_jump

    def thumb(self, view: int, above: int, total: int) -> None:
        """Show how far the view is: ``above`` of ``total`` pixels, about."""
        if total <= view:
            return
        px = self._look.px
        size = max(px(32), view * view // total)
        y = max(0, min(view - size, (view - size) * above // max(1, total - view)))
        right = self._canvas.winfo_width() - px(2)
        self._canvas.create_rectangle(
            right - px(5), y, right, y + size, fill=self._look.palette.line, width=0, tags=(TAG,)
        )

    def empty(self, room: Room | None) -> None:
        """Say why there are no messages."""
        canvas, look, palette = self._canvas, self._look, self._look.palette
        if room is None:
            words, more = "No room is open", "Choose one at the left, or press + to join one"
        elif room.trouble:
            words, more = "The messages could not be fetched", room.trouble
        elif room.asked and not room.entries:
            words, more = "Fetching messages…", ""
        else:
            words, more = "Nothing was said here yet", "Write the first message below"
        width, middle = canvas.winfo_width(), canvas.winfo_height() // 2
        for text, role, ink, at in (
            (words, "title", palette.text, middle - look.px(16)),
            (more, "label", palette.quiet, middle + look.px(14)),
        ):
            line = one_line(text, width - look.px(32), look.fonts, role)
            place = ((width - line.width) // 2, at - look.fonts.line_height(role) // 2)
            look.line(canvas, place, line, (ink, ink, palette.chat), role, ("empty",))
