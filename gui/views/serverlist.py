"""The chats that are remembered: a click joins one, a cross forgets it. In the Tk thread."""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Protocol

from gui.paint.look import Look
from gui.settings import Server, Settings
from gui.text.rowlayout import Box
from gui.text.textlayout import clean, one_line
from gui.views.popmenu import Choice, PopMenu
from gui.views.rowlist import RowList
from gui.views.sheet import ask
from protocol.errors import LinkError
from protocol.invite import Invite

SERVER = 56
_CROSS = 44


class Keeper(Protocol):
    """Who keeps the list."""

    @property
    def settings(self) -> Settings:
        """What the person has chosen."""

    def change(self, changed: Settings) -> None:
        """Take other settings."""


class ServerList:
    """``widget`` is the canvas to place."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        keeper: Keeper,
        menu: PopMenu,
        join: Callable[[Server], None],
        on_change: Callable[[], None],
    ) -> None:
        """``join`` gets who is chosen; ``on_change`` is called when one was forgotten."""
        self._master = master
        self._look = look
        self._keeper = keeper
        self._menu = menu
        self._join = join
        self._on_change = on_change
        self.list: RowList[Server] = RowList(
            master, look, "card", lambda _: look.px(SERVER), self._paint, self._chosen, self._asked
        )
        self.list.take_focus()
        self.list.widget.bind("<Delete>", lambda _: self._delete())
        self.widget = self.list.widget

    @property
    def items(self) -> Sequence[Server]:
        """The chats that are shown."""
        return self.list.items

    def set(self, servers: Sequence[Server]) -> None:
        """Show some."""
        self.list.set_items(servers)

    def _chosen(self, server: Server) -> None:
        if self.list.clicked_x >= self.widget.winfo_width() - self._look.px(_CROSS):
            self.forget(server)
        else:
            self._join(server)

    def _delete(self) -> None:
        if 0 <= self.list.lit < len(self.items):
            self.forget(self.items[self.list.lit])

    def _asked(self, server: Server, x: int, y: int) -> None:
        tr = self._look.tr
        self._menu.show(
            [Choice(tr("join.join"), lambda: self._join(server)),
             Choice(tr("join.forget"), lambda: self.forget(server), danger=True)], x, y,
        )  # fmt: skip

    def forget(self, server: Server) -> None:
        """Ask, then take a server off the list."""
        tr, name = self._look.tr, clean(server.name)[:60]

        def do() -> None:
            self._keeper.change(self._keeper.settings.forgot(server.link))
            self.set([one for one in self.items if one.link != server.link])
            self._on_change()

        ask(
            self._master, self._look, tr("join.forget_title", name=name), tr("join.forget_text"),
            [(tr("join.forget_do"), "danger", do),
             (tr("general.cancel"), "quiet", lambda: None)],
        )  # fmt: skip

    def _paint(self, canvas: tk.Canvas, server: Server, y: int, width: int, lit: bool) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        below, ruler = palette.card, look.fonts
        if lit:
            below = palette.hover
            box = Box(0, y + px(2), width, px(SERVER - 4))
            look.bubble(canvas, box, px(10), below, palette.card, ())
        key, address = _whereabouts(server)
        look.tile(canvas, (px(12), y + px(10)), px(36), key, below, ())
        left, most = px(60), width - px(60 + _CROSS + 4)
        name = one_line(clean(server.name), most, ruler, "name")
        words = look.tr("join.as_nick", nick=clean(server.nick), address=address)
        more = one_line(words, most, ruler, "small")
        top = y + (px(SERVER) - ruler.line_height("name") - ruler.line_height("small")) // 2
        look.line(canvas, (left, top), name, (palette.text, palette.text, below), "name", ())
        top += ruler.line_height("name")
        look.line(canvas, (left, top), more, (palette.quiet, palette.quiet, below), "small", ())
        if lit:
            image = look.art.icon("close", px(18), palette.quiet, below)
            canvas.create_image(width - px(_CROSS // 2 + 2), y + px(SERVER // 2), image=image)


def _whereabouts(server: Server) -> tuple[bytes, str]:
    """Return a server's key and its first address; nothing of a link that cannot be read."""
    try:
        invite = Invite.parse(server.link)
    except LinkError:
        return b"", ""
    return invite.server_key, invite.addresses[0]
