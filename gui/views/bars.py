"""The three bars of the main window: who I am, what is open, how the connection is.

Each is a canvas that draws from the model. Belongs to the Tk thread.
"""

import tkinter as tk

from gui import wording
from gui.look import Look
from gui.model import Model
from gui.textlayout import one_line
from protocol.client.happenings import Link

TICK_MS = 1000


class MeBar:
    """One's own avatar and nickname."""

    def __init__(self, master: tk.Misc, look: Look, model: Model) -> None:
        """Make ``widget``."""
        self._look = look
        self._model = model
        self.widget = tk.Canvas(master, highlightthickness=0, bd=0, width=10, cursor="hand2")
        self.widget.bind("<Configure>", lambda _: self.draw())

    def draw(self) -> None:
        """Draw it again."""
        look, palette, px = self._look, self._look.palette, self._look.px
        canvas, model = self.widget, self._model
        canvas.configure(bg=palette.side)
        canvas.delete("all")
        if not model.nick:
            return
        at = (px(16), px(12))
        look.avatar(canvas, at, px(40), (model.me, model.nick), palette.side, ())
        line = one_line(model.nick, canvas.winfo_width() - px(72), look.fonts, "name")
        ink = (palette.text, palette.text, palette.side)
        top = px(32) - look.fonts.line_height("name") // 2
        look.line(canvas, (px(68), top), line, ink, "name", ())


class TitleBar:
    """The open room's name, and who can read it."""

    def __init__(self, master: tk.Misc, look: Look, model: Model) -> None:
        """Make ``widget``."""
        self._look = look
        self._model = model
        self.widget = tk.Canvas(master, highlightthickness=0, bd=0, width=10)
        self.widget.bind("<Configure>", lambda _: self.draw())

    def draw(self) -> None:
        """Draw it again."""
        look, palette, px = self._look, self._look.palette, self._look.px
        canvas, model = self.widget, self._model
        canvas.configure(bg=palette.card)
        canvas.delete("all")
        room = model.room
        if room is None:
            return
        width = canvas.winfo_width() - px(32)
        if model.is_direct(room):
            more = "Direct message: only its members can read it"
        else:
            online = sum(1 for one in model.people if one.online)
            more = f"Open room · {online} of {len(model.people)} people online"
        for text, role, ink, y in (
            (model.title(room), "title", palette.text, px(10)),
            (more, "small", palette.quiet, px(36)),
        ):
            line = one_line(text, width, look.fonts, role)
            look.line(canvas, (px(20), y), line, (ink, ink, palette.card), role, ())


class StatusBar:
    """The one honest line about the connection; it counts down to the next try."""

    def __init__(self, master: tk.Misc, look: Look, model: Model) -> None:
        """Make ``widget``."""
        self._look = look
        self._model = model
        self._ticking = ""
        self._waited_ms = 0
        self.widget = tk.Canvas(
            master, highlightthickness=0, bd=0, height=look.px(40), cursor="hand2"
        )
        self.widget.bind("<Configure>", lambda _: self.draw())

    @property
    def text(self) -> str:
        """The line as it is shown."""
        return wording.link_line(self._model.link, self._waited_ms)

    def changed(self) -> None:
        """The connection has another state."""
        self._waited_ms = 0
        self.close()
        if self._model.link.link is Link.WAITING:
            self._ticking = self.widget.after(TICK_MS, self._tick)
        self.draw()

    def draw(self) -> None:
        """Draw it again."""
        look, palette, px = self._look, self._look.palette, self._look.px
        canvas, link = self.widget, self._model.link.link
        canvas.configure(bg=palette.side)
        canvas.delete("all")
        colours = {Link.ONLINE: palette.online, Link.CONNECTING: palette.quiet}
        image = look.art.disc(px(8), colours.get(link, palette.danger), palette.side)
        canvas.create_image(px(16), px(16), image=image, anchor="nw")
        line = one_line(self.text, canvas.winfo_width() - px(48), look.fonts, "small")
        top = px(20) - look.fonts.line_height("small") // 2
        ink = (palette.quiet, palette.quiet, palette.side)
        look.line(canvas, (px(32), top), line, ink, "small", ())

    def close(self) -> None:
        """Stop counting."""
        if self._ticking:
            self.widget.after_cancel(self._ticking)
            self._ticking = ""

    def _tick(self) -> None:
        self._waited_ms += TICK_MS
        self._ticking = self.widget.after(TICK_MS, self._tick)
        self.draw()
