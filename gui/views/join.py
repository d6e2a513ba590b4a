"""The first screen: a nickname and an invite link, or a chat hosted here.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence

from gui import kit
from gui.look import Look
from gui.settings import Server
from gui.textlayout import one_line

WIDTH = 440


class JoinScreen:
    """``widget`` is the frame to place; errors stand in the card, with what to do."""

    def __init__(
        self,
        root: tk.Misc,
        look: Look,
        nick: str,
        link: str,
        servers: Sequence[Server],
        on_join: Callable[[str, str], None],
        on_host: Callable[[str], None],
        on_cancel: Callable[[], None],
        on_theme: Callable[[], None],
    ) -> None:
        """``on_join(nick, link)``; ``on_host(nick)``; ``on_cancel`` ends an attempt."""
        self._look = look
        self._on_join = on_join
        self._on_host = on_host
        self._on_cancel = on_cancel
        self._busy = False
        px = look.px
        self.widget = tk.Frame(root, bd=0)
        self._theme = kit.IconButton(self.widget, look, "moon", on_theme, "chat")
        self._theme.widget.place(relx=1, x=-px(12), y=px(12), anchor="ne")
        self._card = tk.Frame(self.widget, bd=0, highlightthickness=1)
        self._card.place(relx=0.5, rely=0.5, anchor="center", width=px(WIDTH))
        self._labels: list[tuple[tk.Label, str]] = []
        self._label("Zviazok", "huge", "text", (28, 0))
        self._label("A chat of your own. Nothing gets lost.", "label", "quiet", (0, 16))
        self._label("Your nickname", "small", "quiet", (0, 0))
        self.nick = kit.entry(self._card, look)
        self.nick.pack(fill="x", padx=px(32), pady=(px(4), px(12)))
        self._label("Invite link", "small", "quiet", (0, 0))
        self.link = kit.entry(self._card, look, "zviazok://…")
        self.link.pack(fill="x", padx=px(32), pady=(px(4), px(8)))
        self._known = tk.Frame(self._card, bd=0)
        self._rows: list[tk.Canvas] = []
        for server in servers[:3]:
            self._offer(server)
        if servers:
            self._known.pack(fill="x", padx=px(32))
        self.message = tk.Label(
            self._card, bd=0, anchor="w", justify="left", wraplength=px(WIDTH - 64),
            font=look.fonts.named("label"),
        )  # fmt: skip
        self.message.pack(fill="x", padx=px(32), pady=(px(8), px(8)))
        self.join_button = kit.button(self._card, look, "Join", self.submit, "main")
        self.join_button.pack(fill="x", padx=px(32), pady=(0, px(8)))
        self.host_button = kit.button(self._card, look, "Host a chat here", self._host)
        self.host_button.pack(fill="x", padx=px(32), pady=(0, px(28)))
        kit.put(self.nick, nick)
        if link or servers:
            kit.put(self.link, link or servers[0].link)
        for field in (self.nick, self.link):
            field.bind("<Return>", lambda _: self.submit())
        self.restyle()
        (self.link if nick and not link else self.nick).after_idle(
            (self.link if nick and not link else self.nick).focus
        )

    def _label(self, text: str, role: str, ink: str, pad: tuple[int, int]) -> None:
        px = self._look.px
        label = tk.Label(self._card, text=text, bd=0, anchor="w", font=self._look.fonts.named(role))
        label.pack(fill="x", padx=px(32), pady=(px(pad[0]), px(pad[1])))
        self._labels.append((label, ink))

    def _offer(self, server: Server) -> None:
        row = tk.Canvas(
            self._known, highlightthickness=0, bd=0, height=self._look.px(28), cursor="hand2"
        )
        row.pack(fill="x")

        def choose(_event: object) -> None:
            if not self._busy:
                kit.put(self.nick, server.nick)
                kit.put(self.link, server.link)

        def draw(_event: object = None) -> None:
            look, palette = self._look, self._look.palette
            row.configure(bg=palette.card)
            row.delete("all")
            text = f"{server.nick} at {server.name}"
            line = one_line(text, row.winfo_width(), look.fonts, "label")
            ink = (palette.link, palette.link, palette.card)
            look.line(row, (0, look.px(2)), line, ink, "label", ())

        row.bind("<ButtonRelease-1>", choose)
        row.bind("<Configure>", draw)
        row.bind("<<Restyle>>", draw)
        self._rows.append(row)

    def submit(self) -> None:
        """Join with what was typed, or give up if that is under way."""
        if self._busy:
            self._on_cancel()
            return
        self._on_join(self.nick.get(), self.link.get())

    def _host(self) -> None:
        if not self._busy:
            self._on_host(self.nick.get())

    def working(self, text: str) -> None:
        """Say what is being tried; the main button gives up."""
        self._busy = True
        self.message.configure(text=text, fg=self._look.palette.quiet)
        self.join_button.configure(text="Cancel")
        for one in (self.nick, self.link, self.host_button):
            one.configure(state="disabled")

    def problem(self, text: str, field: str = "") -> None:
        """Say what went wrong and let it be tried again; ``field`` (nick, link) is focused."""
        self._busy = False
        self.message.configure(text=text, fg=self._look.palette.danger)
        self.join_button.configure(text="Join")
        for one in (self.nick, self.link, self.host_button):
            one.configure(state="normal")
        if field:
            (self.nick if field == "nick" else self.link).focus()

    def note(self, text: str) -> None:
        """Say how an attempt goes that is still under way."""
        self.message.configure(text=text, fg=self._look.palette.quiet)

    def set_link(self, link: str) -> None:
        """Put a link into its field."""
        kit.put(self.link, link)

    def restyle(self) -> None:
        """Draw in the palette of now."""
        palette = self._look.palette
        self.widget.configure(bg=palette.chat)
        self._card.configure(
            bg=palette.card, highlightbackground=palette.line, highlightcolor=palette.line
        )
        self._known.configure(bg=palette.card)
        for label, ink in self._labels:
            label.configure(bg=palette.card, fg=getattr(palette, ink))
        self.message.configure(bg=palette.card)
        self._theme.set_icon("sun" if palette.name == "dark" else "moon")
        for row in self._rows:
            row.event_generate("<<Restyle>>")
