"""What stands over a timeline and does not scroll with it.

The way to the newest message with the count of new ones, the day of what is in view
while it scrolls, a few words beside the mouse, and what is said when there are no
messages. The only pictures here that are not opaque: they float. Belongs to the Tk thread.
"""

import tkinter as tk

from gui.chat.room import Room
from gui.paint.look import Look
from gui.text.rowlayout import Box
from gui.text.textlayout import Line, one_line
from gui.views.timeline.glyphs import Glyphs

TAG = "overlay"
COUNT_MAX = 999
"""More new messages than these are not counted out."""


class Signs:
    """Paints on the timeline's canvas; all items carry ``TAG``, or ``empty`` or ``above``."""

    def __init__(self, canvas: tk.Canvas, look: Look, glyphs: Glyphs) -> None:
        """``glyphs`` makes the pictures."""
        self._canvas = canvas
        self._look = look
        self._glyphs = glyphs
        self._origin = 0
        self._button: tuple[object, ...] = ()
        self._day: tuple[object, ...] = ()
        self._above: tuple[object, ...] = ()
        self._hint = tk.Label(canvas, bd=0, font=look.fonts.named("small"), justify="left")
        self.hint = ""
        """What stands beside the mouse."""
        self.button: Box | None = None
        """Where the way to the newest message is, in the window."""
        self.day = ""
        """The floating day, or an empty string."""

    def clear(self) -> None:
        """Take all of them away, to be painted anew."""
        self._canvas.delete(TAG, "empty", "above")
        self._button = self._day = self._above = ()
        self.button, self.day = None, ""
        self.hide_hint()

    def follow(self, origin: int) -> None:
        """Stay where they are in the window, whose upper edge is at ``origin`` now."""
        if origin != self._origin:
            self._canvas.move(TAG, 0, origin - self._origin)
            self._origin = origin
            self.hide_hint()
        if self._button or self._day:
            self._canvas.tag_raise(TAG)

    # --- the way to the end -----------------------------------------------

    def offer_end(self, fresh: int, hover: bool) -> None:
        """Offer the way to the newest message; ``fresh`` ones came meanwhile."""
        canvas, look, palette, px = self._canvas, self._look, self._look.palette, self._look.px
        view, width = canvas.winfo_height(), canvas.winfo_width()
        state = (fresh, hover, view, width, palette)
        if state == self._button:
            return
        canvas.delete("jump")
        self._button = state
        side = px(44)
        x, y = width - side - px(20), view - side - px(16)
        self.button = Box(x, y, side, side)
        tags = (TAG, "jump")
        fill = palette.hover if hover else palette.card
        image = self._glyphs.floating(
            side, side, fill, palette.line, "down", palette.text if hover else palette.quiet
        )
        top = y + self._origin
        canvas.create_image(x, top, image=image, anchor="nw", tags=tags)
        if fresh:
            words = look.tr.number(min(fresh, COUNT_MAX)) + ("+" if fresh > COUNT_MAX else "")
            high = px(20)
            wide = max(high, look.fonts.width("small", words) + px(12))
            image = self._glyphs.floating(wide, high, palette.accent, "")
            left = x + (side - wide) // 2
            canvas.create_image(left, top - high // 2, image=image, anchor="nw", tags=tags)
            canvas.create_text(
                x + side // 2, top, text=words, fill=palette.on_accent,
                font=look.fonts.named("small"), tags=tags,
            )  # fmt: skip

    def withdraw_end(self) -> None:
        """The newest message is in view."""
        if self._button:
            self._canvas.delete("jump")
            self._button, self.button = (), None

    # --- the day ----------------------------------------------------------

    def show_day(self, words: str) -> None:
        """Show of which day the first message in view is."""
        canvas, look, palette, px = self._canvas, self._look, self._look.palette, self._look.px
        state = (words, canvas.winfo_width(), palette)
        if state == self._day:
            return
        canvas.delete("day")
        self._day, self.day = state, words
        line = one_line(words, canvas.winfo_width(), look.fonts, "small")
        wide, high = line.width + px(24), px(24)
        x, y = (canvas.winfo_width() - wide) // 2, px(8) + self._origin
        image = self._glyphs.floating(wide, high, palette.pill, palette.line)
        canvas.create_image(x, y, image=image, anchor="nw", tags=(TAG, "day"))
        at = (x + px(12), y + high // 2 - look.fonts.line_height("small") // 2)
        ink = (palette.on_pill, palette.on_pill, palette.pill)
        look.line(canvas, at, line, ink, "small", (TAG, "day"))

    def hide_day(self) -> None:
        """It no longer scrolls."""
        if self._day:
            self._canvas.delete("day")
            self._day, self.day = (), ""

    # --- beside the mouse -------------------------------------------------

    def show_hint(self, words: str, x: int, y: int) -> None:
        """Show a few words below a place of the window."""
        if words == self.hint:
            return
        look, palette, px = self._look, self._look.palette, self._look.px
        self.hint = words
        self._hint.configure(
            text=look.plain(words), bg=palette.text, fg=palette.card, padx=px(8), pady=px(4),
            wraplength=px(320),
        )  # fmt: skip
        wide, high = self._hint.winfo_reqwidth(), self._hint.winfo_reqheight()
        left = max(px(4), min(x - wide // 2, self._canvas.winfo_width() - wide - px(4)))
        top = y + px(20)
        if top + high > self._canvas.winfo_height():
            top = y - high - px(8)
        self._hint.place(x=left, y=top)

    def hide_hint(self) -> None:
        """The mouse is elsewhere."""
        if self.hint:
            self.hint = ""
            self._hint.place_forget()

    # --- above the first message, and without any ---------------------------

    def above(self, y: int, words: str, inviting: bool) -> None:
        """Say what is above the first row, whose top is at ``y`` of the canvas."""
        look, px = self._look, self._look.px
        palette = look.palette
        state = (y, words, self._canvas.winfo_width(), palette)
        if state == self._above:
            return
        self._above = state
        self._canvas.delete("above")
        width = self._canvas.winfo_width()
        line = one_line(words, width - px(32), look.fonts, "small")
        ink = palette.link if inviting else palette.quiet
        at = ((width - line.width) // 2, y - px(16) - look.fonts.line_height("small") // 2)
        look.line(self._canvas, at, line, (ink, ink, palette.chat), "small", ("above",))

    def nothing_above(self) -> None:
        """The first row is out of view."""
        if self._above:
            self._canvas.delete("above")
            self._above = ()

    def empty(self, room: Room | None) -> None:
        """Say why there are no messages."""
        look, tr = self._look, self._look.tr
        if room is None:
            words, more = tr("timeline.no_room"), tr("timeline.no_room_more")
        elif room.trouble:
            words, more = tr("timeline.trouble"), room.trouble
        elif room.asked and not room.entries:
            words, more = tr("timeline.fetching"), ""
        else:
            words, more = tr("timeline.nothing"), tr("timeline.nothing_more")
        palette, canvas = look.palette, self._canvas
        canvas.delete("empty")
        width, middle = canvas.winfo_width(), self._origin + canvas.winfo_height() // 2
        for text, role, ink, at in (
            (words, "title", palette.text, middle - look.px(16)),
            (more, "label", palette.quiet, middle + look.px(14)),
        ):
            line: Line = one_line(text, width - look.px(32), look.fonts, role)
            place = ((width - line.width) // 2, at - look.fonts.line_height(role) // 2)
            look.line(canvas, place, line, (ink, ink, palette.chat), role, ("empty",))
