"""The three bars of the main window: who I am, what is open, how the connection is.

Each is a canvas that draws from the model. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable

from gui.chat.model import Model
from gui.paint.look import Look
from gui.text.textlayout import clean, one_line, wrap
from gui.views.faces import face_of, room_face
from gui.words import wording
from protocol.client.happenings import Link, MemberInfo

TICK_MS = 1000


class MeBar:
    """One's own avatar and nickname, and which server it is."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, on_click: Callable[[], None]
    ) -> None:
        """Make ``widget``."""
        self._look = look
        self._model = model
        self.widget = tk.Canvas(master, highlightthickness=0, bd=0, width=10, cursor="hand2")
        self.widget.bind("<Configure>", lambda _: look.slices.paint(self.widget, self.draw))
        self.widget.bind("<ButtonRelease-1>", lambda _: on_click())

    def draw(self) -> None:
        """Draw it again."""
        look, palette, px = self._look, self._look.palette, self._look.px
        canvas, model, ruler = self.widget, self._model, self._look.fonts
        canvas.configure(bg=palette.side)
        canvas.delete("all")
        if not model.nick:
            return
        side, at = palette.side, (px(16), px(12))
        online = model.link.link is Link.ONLINE
        face = face_of(model, model.me, model.nick)._replace(online=online or None)
        look.avatar(canvas, at, px(40), face, side, ())
        most = canvas.winfo_width() - px(72)
        name = one_line(clean(model.nick), most, ruler, "name")
        word = wording.link_word(look.tr, model.link)
        more = one_line(
            clean(model.server) if online and model.server else word, most, ruler, "small"
        )
        top = px(32) - (ruler.line_height("name") + ruler.line_height("small")) // 2
        look.line(canvas, (px(68), top), name, (palette.text, palette.text, side), "name", ())
        top += ruler.line_height("name")
        look.line(canvas, (px(68), top), more, (palette.quiet, palette.quiet, side), "small", ())


class TitleBar:
    """The open room: its face, its name, and who writes or is there."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, on_click: Callable[[], None]
    ) -> None:
        """Make ``widget``."""
        self._look = look
        self._model = model
        self._of: tuple[object, object] = ((), ())
        self._here = 0
        """How many of these members of a room are online."""
        self.alone = False
        """The line about the connection is out of sight: tell it here."""
        self.widget = tk.Canvas(master, highlightthickness=0, bd=0, width=10, cursor="hand2")
        self.widget.bind("<Configure>", lambda _: look.slices.paint(self.widget, self.draw))
        self.widget.bind("<ButtonRelease-1>", lambda _: on_click())

    @property
    def more(self) -> tuple[str, bool]:
        """The line below the name, and whether it is bright."""
        model, tr = self._model, self._look.tr
        room = model.room
        if room is None:
            return "", False
        if self.alone and model.link.link is not Link.ONLINE:
            return wording.link_word(tr, model.link), False
        others = model.others(room)
        single = model.is_direct(room) and len(others) < 2
        typing = wording.typing(tr, model.typing(room), single)
        if typing:
            return typing, True
        if single:
            person = model.person(others[0]) if others else None
            if not others:
                return tr("main.only_me"), False
            online = person is not None and person.online
            return tr("main.is_online" if online else "main.is_offline"), online
        if model.is_direct(room):
            return tr("main.members", n=len(others) + 1), False
        if room.members is None:
            return "", False
        of = (room.members, model.people)
        if self._of[0] is not of[0] or self._of[1] is not of[1]:
            self._of, self._here = of, sum(self._is_online(one) for one in room.members)
        return tr("order.room_online", len(room.members), online=self._here), False

    def _is_online(self, member: MemberInfo) -> bool:
        known = self._model.person(member.person)
        return member.online if known is None else known.online

    def draw(self) -> None:
        """Draw it again."""
        look, palette, px = self._look, self._look.palette, self._look.px
        canvas, model, ruler = self.widget, self._model, self._look.fonts
        canvas.configure(bg=palette.card)
        canvas.delete("all")
        room = model.room
        if room is None:
            return
        room_face(canvas, look, model, (px(16), px(12)), px(40), room, palette.card)
        left = px(16 + 40 + 12)
        most = canvas.winfo_width() - left - px(8)
        words, bright = self.more
        ink = palette.link if bright else palette.quiet
        private = px(18 + 6) if model.is_private(room) else 0
        title = one_line(clean(model.title(room)), most - private, ruler, "title")
        more = one_line(clean(words), most, ruler, "small")
        top = px(32) - (ruler.line_height("title") + ruler.line_height("small")) // 2
        text = (palette.text, palette.text, palette.card)
        if private:
            icon = look.art.icon("lock", px(18), palette.quiet, palette.card)
            middle = top + ruler.line_height("title") // 2
            canvas.create_image(left, middle, image=icon, anchor="w")
        look.line(canvas, (left + private, top), title, text, "title", ())
        top += ruler.line_height("title")
        look.line(canvas, (left, top), more, (ink, ink, palette.card), "small", ())


class StatusBar:
    """The one honest line about the connection; it counts down to the next try.

    It has no height while all is well.
    """

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, on_click: Callable[[], None]
    ) -> None:
        """Make ``widget``; a click asks for a try now."""
        self._look = look
        self._model = model
        self._ticking = ""
        self._waited_ms = 0
        self._focused = False
        self.widget = tk.Canvas(
            master, highlightthickness=0, bd=0, height=1, cursor="hand2", takefocus=0
        )
        bind = self.widget.bind
        bind("<Configure>", lambda _: look.slices.paint(self.widget, self.draw))
        for event in ("<ButtonRelease-1>", "<Return>", "<space>"):
            bind(event, lambda _: on_click())
        bind("<FocusIn>", lambda _: self._focus(True))
        bind("<FocusOut>", lambda _: self._focus(False))

    @property
    def text(self) -> str:
        """The line as it is shown, or would be."""
        return wording.link_line(self._look.tr, self._model.link, self._waited_ms)

    def changed(self) -> None:
        """The connection has another state."""
        self._waited_ms = 0
        self.close()
        if self._model.link.link is Link.WAITING:
            self._ticking = self.widget.after(TICK_MS, self._tick)
        self.draw()

    def _focus(self, focused: bool) -> None:
        self._focused = focused
        self.draw()

    def draw(self) -> None:
        """Draw it again."""
        look, palette, px = self._look, self._look.palette, self._look.px
        canvas, link = self.widget, self._model.link.link
        canvas.delete("all")
        # Tab comes here while there is something to try.
        canvas.configure(bg=palette.side, takefocus=link is not Link.ONLINE)
        if link is Link.ONLINE:
            canvas.configure(height=1)
            return
        width = max(px(160), canvas.winfo_width())
        block = wrap(clean(self.text), max(px(120), width - px(64)), look.fonts, "small", 5)
        high = block.height + px(16)
        canvas.configure(height=high + px(8))
        quiet = link is Link.CONNECTING
        fill = palette.pill
        edge = px(2) if self._focused else 0
        box = look.shapes.box(
            width - px(16), high, px(10), fill, palette.side, palette.accent, edge
        )
        canvas.create_image(px(8), 0, image=box, anchor="nw")
        ink = palette.on_pill if quiet else palette.text
        dot = look.art.disc(px(8), palette.quiet if quiet else palette.danger, fill)
        top = px(8) + (look.fonts.line_height("small") - px(8)) // 2
        canvas.create_image(px(20), top, image=dot, anchor="nw")
        for number, line in enumerate(block.lines):
            at = (px(36), px(8) + number * block.line_height)
            look.line(canvas, at, line, (ink, ink, fill), "small", ())

    def close(self) -> None:
        """Stop counting."""
        if self._ticking:
            self.widget.after_cancel(self._ticking)
            self._ticking = ""

    def _tick(self) -> None:
        self._waited_ms += TICK_MS
        self._ticking = self.widget.after(TICK_MS, self._tick)
        self.draw()
