"""The first screen: known chats, a nickname and an invite link, or a chat hosted here.

Language and theme can be chosen right there. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gui import keys, ports
from gui.paint import kit
from gui.paint.look import Look
from gui.paint.slices import Steps
from gui.settings import Server
from gui.text import doubts
from gui.text.rowlayout import Box
from gui.text.textlayout import clean, one_line
from gui.views.joinacts import JoinApp, Joining
from gui.views.keysheet import KeySheet
from gui.views.popmenu import Choice, PopMenu
from gui.views.serverlist import SERVER, ServerList
from gui.views.tooltip import Tooltip
from gui.words.i18n import LANGUAGES

WIDTH = 440
EDGE = 32
SERVERS_SHOWN = 3
_STEP_MS = 40
_BAR_STEPS = 60


class JoinScreen:
    """``widget`` is the frame to place; errors stand in the card, with what to do."""

    def __init__(
        self, root: tk.Misc, look: Look, joining: Joining, app: JoinApp, nick: str, link: str
    ) -> None:
        """``nick`` and ``link`` stand in their fields; :meth:`build` makes what it shows."""
        self._root = root
        self._look = look
        self._joining = joining
        self._app = app
        self._busy, self._moving, self._step = False, "", 0
        self._labels: list[tuple[tk.Label, str]] = []
        self._start = (nick, link)
        self._shortcuts: dict[str, Callable[[], None]] = {}
        self.widget = tk.Frame(root, bd=0)

    def build(self) -> Steps:
        """Make its parts; before the end it may not be used, nor be placed."""
        root, look, app, (nick, link) = self._root, self._look, self._app, self._start
        px, tr = look.px, look.tr
        self._tip = Tooltip(root.winfo_toplevel(), look)
        self._menu = PopMenu(root, look)
        self._corner = tk.Frame(self.widget, bd=0)
        self._theme = self._icon(self._corner, "moon", app.switch_theme, tr("join.theme"), "chat")
        self._language = kit.button(
            self._corner, look, LANGUAGES[tr.language], self._languages, "quiet", "chat"
        )
        self._language.pack(side="right", padx=px(8))
        yield None
        self._edge = tk.Frame(self.widget, bd=0)
        self._edge.place(relx=0.5, rely=0.5, anchor="center", width=px(WIDTH))
        self._card = tk.Frame(self._edge, bd=0)
        self._card.pack(fill="both", expand=True, padx=1, pady=1)
        self._corner.place(relx=1, x=-px(12), y=px(12), anchor="ne")
        self._corner.lift()

        head = self._head = tk.Canvas(self._card, bd=0, highlightthickness=0, height=px(88))
        self._crest = tk.Frame(self._card, bd=0, height=px(16))
        self._crest.pack(fill="x")
        head.pack(fill="x")
        head.bind("<Configure>", lambda _: look.slices.paint(head, self._draw_head))
        self._slogan = self._label("join.slogan", "label", "quiet", (0, 12))
        self._slogan.configure(anchor="center")
        yield None
        self.servers = ServerList(self._card, look, app, self._menu, self._join_known, self._fit)
        self.servers.set([one for one in app.settings.servers if not link or one.link == link])
        if self.servers.items:
            self._label("join.known", "small", "quiet", (0, 4))
            self.servers.widget.pack(fill="x", padx=px(EDGE - 12), pady=(0, px(12)))
        yield None
        self._label("join.nick", "small", "quiet", (0, 0))
        self.nick = kit.entry(self._card, look)
        self.nick.pack(fill="x", padx=px(EDGE), pady=(px(4), px(8)))
        yield None
        self._label("join.link", "small", "quiet", (0, 0))
        row = self._row = tk.Frame(self._card, bd=0)
        row.pack(fill="x", padx=px(EDGE), pady=(px(4), px(8)))
        self.paste_button = kit.button(row, look, tr("join.paste"), self.paste)
        self.paste_button.pack(side="right", padx=(px(8), 0))
        self.link = kit.entry(row, look, "zviazok://…")
        self.link.pack(side="left", fill="x", expand=True)
        yield None
        self._bar = tk.Canvas(self._card, bd=0, highlightthickness=0, height=px(4))
        self._bar.pack(fill="x", padx=px(EDGE), pady=(px(4), 0))
        self.message = tk.Label(
            self._card, bd=0, anchor="w", justify="left", wraplength=px(WIDTH - 2 * EDGE)
        )
        self.join_button = self._button(tr("join.join"), self.submit, "main")
        self.host_button = self._button(tr("join.host"), self.host, "quiet")
        yield None
        self._ports = tk.Frame(self._card, bd=0)
        label = self._label("join.port", "small", "quiet", (0, 0), self._ports)
        label.pack_configure(side="left", fill="none", padx=(0, px(8)), pady=0)
        self.port = kit.entry(self._ports, look)
        self.port.configure(width=px(96))
        self.port.pack(side="left")
        self._foot = tk.Frame(self._card, bd=0, height=px(16))
        self._foot.pack(fill="x")
        kit.put(self.nick, nick)
        if link:
            kit.put(self.link, link)
        for field in (self.nick, self.link):
            field.bind("<Return>", lambda _: self.submit())
        self.port.bind("<Return>", lambda _: self.host())
        self.nick.at_every_change(self._nick_typed)
        self._parts = (head, self._slogan)
        yield None
        yield from self.restyle()
        # Not earlier: until then they are another screen's.
        self._shortcuts = {"Ctrl+Q": app.ask_close, "Esc": self._give_up}
        keys.install(root.winfo_toplevel(), self._shortcuts)
        self.widget.bind("<Configure>", lambda _: self._fit())
        first = self.nick if not nick else self.link if not self.servers.items else None
        (self.servers.widget if first is None else first).after_idle(
            lambda: self._focus_first(first)
        )

    # --- making -----------------------------------------------------------------

    def _focus_first(self, field: Any) -> None:
        if self.widget.winfo_exists():
            (self.servers.widget.focus_set if field is None else field.focus)()

    def _icon(
        self, master: tk.Misc, name: str, work: Callable[[], None], hint: str, below: str
    ) -> kit.IconButton:
        made = kit.IconButton(master, self._look, name, work, below)
        made.widget.pack(side="right")
        self._tip.attach(made.widget, hint)
        return made

    def _label(
        self, name: str, role: str, ink: str, pad: tuple[int, int], master: tk.Misc | None = None
    ) -> tk.Label:
        look, px = self._look, self._look.px
        words = look.tr(name)
        label = tk.Label(
            master or self._card, text=look.plain(words), bd=0, anchor="w",
            font=look.font(role, words),
        )  # fmt: skip
        label.pack(fill="x", padx=px(EDGE), pady=(px(pad[0]), px(pad[1])))
        self._labels.append((label, ink))
        return label

    def _button(self, words: str, work: Callable[[], None], kind: str) -> kit.Button:
        px = self._look.px
        made = kit.button(self._card, self._look, words, work, kind)
        made.pack(fill="x", padx=px(EDGE), pady=(px(8), 0))
        return made

    def _fit(self) -> None:
        """Leave out what is only beautiful where the window is low."""
        px, high = self._look.px, self.widget.winfo_height()
        if high < 2:
            return
        known = len(self.servers.items)
        beauty = px(150)
        rows = max(1, min(SERVERS_SHOWN, known))
        needed = px(356) + (px(40 + SERVER * rows) if known else 0)
        low = high < needed + beauty
        if low and known:
            rows = max(1, min(rows, (high - px(356 + 40)) // px(SERVER)))
        self.servers.widget.configure(height=px(SERVER) * rows if known else 1)
        if low == bool(self._head.winfo_manager()):
            if low:
                for part in self._parts:
                    part.pack_forget()
            else:
                self._head.pack(fill="x", after=self._crest)
                self._slogan.pack(fill="x", padx=px(EDGE), pady=(0, px(12)), after=self._head)

    # --- what people do ---------------------------------------------------------

    def typed(self) -> tuple[str, str]:
        """Return nickname and link as they stand in the fields."""
        return self.nick.get(), self.link.get()

    def submit(self) -> None:
        """Join with what was typed, or give up if that is under way."""
        if self._busy:
            self._joining.cancel()
        else:
            self._joining.join(*self.typed())

    def _give_up(self) -> None:
        if self._busy:
            self._joining.cancel()

    def host(self) -> None:
        """Start a server here; if the usual port is in use, offer another one first."""
        if self._busy:
            return
        if self._ports.winfo_manager():
            typed = self.port.get().strip()
            port = int(typed) if typed.isascii() and typed.isdigit() else 0
            if not 0 < port < 65_536 or not ports.is_free(port):
                self._offer_port(port or ports.USUAL)
                return
            self._joining.host_here(self.nick.get(), port)
        elif not self.nick.get().strip() or ports.is_free(ports.USUAL):
            self._joining.host_here(self.nick.get())
        else:
            self._offer_port(ports.USUAL)

    def _offer_port(self, busy: int) -> None:
        tr = self._look.tr
        other = ports.free_port(min(65_535, busy + 1) if busy < 65_536 else ports.USUAL)
        self.host_button.set_text(tr("join.host_on", port=other))
        self.port.bind("<KeyRelease>", lambda _: self._name_port())
        self.problem(tr("join.port_busy", port=busy, other=other), "port")
        kit.put(self.port, str(other))

    def _name_port(self) -> None:
        port = self.port.get().strip() or "…"
        self.host_button.set_text(self._look.tr("join.host_on", port=port))

    def paste(self) -> None:
        """Take the link from the clipboard."""
        try:
            words = str(self._root.clipboard_get()).strip()
        except tk.TclError:
            words = ""
        if not words:
            self.problem(self._look.tr("join.nothing_to_paste"), "link")
            return
        kit.put(self.link, clean(words.split()[0])[:2000])
        (self.nick if not self.nick.get() else self.link).focus()

    def _languages(self) -> None:
        settings, button = self._app.settings, self._language
        choices = [
            Choice(
                name, lambda code=code: self._app.change(replace(settings, language=code)),  # type: ignore[misc]
                code == self._look.tr.language,
            )
            for code, name in LANGUAGES.items()
        ]  # fmt: skip
        self._menu.show(choices, button.winfo_rootx(), button.winfo_rooty() + button.winfo_height())

    def _join_known(self, server: Server) -> None:
        if not self._busy:
            kit.put(self.nick, server.nick)
            kit.put(self.link, server.link)
            self._joining.join(server.nick, server.link)

    # --- how it goes ------------------------------------------------------------

    def working(self, text: str) -> None:
        """Say what is being tried; the main button gives up."""
        self._set_busy(True)
        self._say(text, "quiet")

    def problem(self, text: str, field: str = "") -> None:
        """Say what went wrong and let it be tried again.

        ``field`` (nick, link or port) is focused.
        """
        self._set_busy(False)
        self._say(text, "danger")
        if field == "port" and not self._ports.winfo_manager():
            px = self._look.px
            self._ports.pack(fill="x", padx=px(EDGE), pady=(px(8), 0), after=self.host_button)
        named = {"nick": self.nick, "link": self.link, "port": self.port}.get(field)
        if named is not None:
            named.focus()
            if field != "port":
                named.once_changed(lambda: self._say("", "quiet"))

    def note(self, text: str) -> None:
        """Say how an attempt goes that is still under way."""
        self._say(text, "quiet")

    def _nick_typed(self) -> None:
        """Warn of letters of two alphabets in a word; that hinders nobody."""
        if not self._busy:
            self._say(doubts.while_typed(self._look.tr, self.nick.get()), "quiet")

    def key_changed(self, address: str, known: str, given: str, trust: Callable[[], None]) -> None:
        """Show that an address is known by another key than the link has."""
        KeySheet(self._root, self._look, address, known, given, trust)

    def set_link(self, link: str) -> None:
        """Put a link into its field."""
        kit.put(self.link, link)

    def _say(self, text: str, ink: str) -> None:
        look, px = self._look, self._look.px
        self.message.configure(
            text=look.plain(text), fg=getattr(look.palette, ink), font=look.font("label", text)
        )
        if text:
            self.message.pack(fill="x", padx=px(EDGE), pady=(px(8), 0), after=self._bar)
        else:
            self.message.pack_forget()

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        tr = self._look.tr
        words = tr("general.cancel") if busy else tr("join.join")
        self.join_button.set_text(words)
        for field in (self.nick, self.link, self.port):
            field.set_state("disabled" if busy else "normal")
        for button in (self.host_button, self.paste_button):
            button.enable(not busy)
        if busy and not self._moving:
            self._move()
        elif not busy and self._moving:
            self._bar.after_cancel(self._moving)
            self._moving = ""
            self._bar.delete("all")

    def _move(self) -> None:
        """Move a short bar to and fro: something goes on, nobody knows how long."""
        bar, width, high = self._bar, self._bar.winfo_width(), self._bar.winfo_height()
        self._step = (self._step + 1) % _BAR_STEPS
        part = abs(2 * self._step / _BAR_STEPS - 1)
        long = width // 4
        left = round((width - long) * part)
        bar.delete("all")
        bar.create_rectangle(left, 0, left + long, high, fill=self._look.palette.accent, width=0)
        self._moving = bar.after(_STEP_MS, self._move)

    # --- drawing ----------------------------------------------------------------

    def _draw_head(self) -> None:
        look, palette, px, head = self._look, self._look.palette, self._look.px, self._head
        head.configure(bg=palette.card)
        head.delete("all")
        line = one_line("Zviazok", px(WIDTH), look.fonts, "huge")
        side = px(56)
        left = (head.winfo_width() - side - px(16) - line.width) // 2
        box = Box(left, px(16), side, side)
        look.bubble(head, box, px(16), palette.accent, palette.card, ())
        image = look.art.icon("link", px(32), palette.on_accent, palette.accent)
        head.create_image(left + side // 2, px(16) + side // 2, image=image)
        top = px(16) + (side - look.fonts.line_height("huge")) // 2
        ink = (palette.text, palette.text, palette.card)
        look.line(head, (left + side + px(16), top), line, ink, "huge", ())

    def restyle(self) -> Steps:
        """Draw in the palette of now."""
        palette = self._look.palette
        for frame in (self.widget, self._corner):
            frame.configure(bg=palette.chat)
        self._edge.configure(bg=palette.line)
        for part in (self._card, self._row, self._ports, self._crest, self._foot, self._bar):
            part.configure(bg=palette.card)
        for label, ink in self._labels:
            label.configure(bg=palette.card, fg=getattr(palette, ink))
        self.message.configure(bg=palette.card)
        yield None
        self._theme.set_icon("sun" if palette.name == "dark" else "moon")
        self._theme.restyle()
        self._draw_head()
        self.servers.list.draw()

    def close(self) -> None:
        """Stop its timers and forget its shortcuts."""
        keys.remove(self._root.winfo_toplevel(), self._shortcuts)
        if self._moving:
            self._bar.after_cancel(self._moving)
            self._moving = ""
        self._tip.close()
        self._menu.close()
