"""The window's life: first screen, main screen, settings at work, notifications, errors, closing.

Owns the root, the bridge and the attempts to be at a server; lives in the Tk
thread. An error in a Tk callback is logged with its traceback and shown, never
swallowed.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from gui import settings
from gui.bridge import Bridge
from gui.chat.model import Model
from gui.desktop import drops, filedialogs
from gui.desktop.appearance import Appearance
from gui.desktop.clipboard import Clipboard
from gui.desktop.news import News
from gui.garbage import Garbage
from gui.joining import Joining
from gui.ownership import claim, in_tk_thread
from gui.paint import kit
from gui.paint.look import Look
from gui.paint.pictures import Pictures
from gui.paint.slices import LONG, Steps
from gui.paint.theme import WINDOW, WINDOW_MIN
from gui.session import Begin, Session, begin
from gui.settings import Settings
from gui.views.join import JoinScreen
from gui.views.main import MainScreen
from gui.views.sheet import ask
from gui.words.i18n import Words, find_language, reading
from protocol.client.happenings import Happening, LinkChanged, Welcomed
from protocol.folders import profiles_folder

log = logging.getLogger(__name__)

TICK_MS = 1000
ASLEEP_S = 6.0
"""A tick that comes so late comes after sleep: nothing here takes the Tk thread that long."""


class Window:
    """The program with a window. ``run`` returns when it is closed."""

    def __init__(
        self,
        link: str = "",
        nick: str = "",
        data: Path | None = None,
        theme: str = "",
        start: Begin = begin,
    ) -> None:
        """Show the join screen. Raises ``tk.TclError`` without a display, SetupError for folders.

        With a link and a nickname it joins at once. ``start`` makes sessions.
        """
        self._folder = profiles_folder(data)
        self.settings = settings.load(self._folder)
        if theme:
            self.settings = replace(self.settings, theme=theme)
        claim()
        self._scale = self.settings.scale or kit.find_scale()
        self.appearance = Appearance()
        self.root = kit.make_root(self._theme(), self._zoom())
        self.root.report_callback_exception = self._callback_failed
        self.bridge = Bridge(self.root, self._happened)
        self.pictures = Pictures(self.bridge.call)
        self.clipboard = Clipboard(self.root, self.bridge.call, self._folder / "clipboard")
        self.look = self._make_look()
        filedialogs.speak(self.root, self.look.tr)
        self.joining = Joining(self._folder, data, start, self, self.bridge.post, self.bridge.call)
        self.news = News(self, self.bridge.call)
        self.screen: JoinScreen | MainScreen | None = None
        self.failures: list[str] = []
        """Names of the errors that Tk callbacks raised: for tests."""
        self._closing = False
        self._in_front = True
        self._ticking = ""
        self._ticked_at = time.time()
        self._place()
        drops.load(self.root)
        # Nobody waits at a window that is not there yet.
        for _ in self._join_steps(link, nick):
            pass
        self.appearance.watch(lambda: self.bridge.call(self._system_theme_changed))
        self.root.deiconify()
        self._garbage = Garbage(self.root)
        self._tick()
        if link and nick:
            self.root.after_idle(lambda: self.joining.join(nick, link))

    def _place(self) -> None:
        """Give the window its first size and place, and its handlers."""
        root, px = self.root, self.look.px
        wide = min(px(WINDOW[0]), root.winfo_screenwidth())
        high = min(px(WINDOW[1]), root.winfo_screenheight())
        root.minsize(min(px(WINDOW_MIN[0]), wide), min(px(WINDOW_MIN[1]), high))
        left = (root.winfo_screenwidth() - wide) // 2
        top = (root.winfo_screenheight() - high) // 3
        root.geometry(f"{wide}x{high}+{left}+{top}")
        root.configure(bg=self.look.palette.chat)
        root.protocol("WM_DELETE_WINDOW", self.ask_close)
        root.bind("<FocusIn>", lambda event: self._focus(event.widget, True))
        root.bind("<FocusOut>", lambda event: self._focus(event.widget, False))

    def run(self) -> None:
        """Serve the window until it is closed."""
        self.root.mainloop()

    # --- what the rest of the program asks ----------------------------------

    @property
    def tr(self) -> Words:
        """The sentences of the language of now."""
        return self.look.tr

    @property
    def session(self) -> Session | None:
        """The server that one is at, or is about to be."""
        return self.joining.session

    @property
    def folder(self) -> Path:
        """The folder of all profiles."""
        return self._folder

    @property
    def model(self) -> Model | None:
        """What is known of the server that one is at."""
        session = self.session
        return session.controller.model if session is not None and session.welcomed else None

    @property
    def focused(self) -> bool:
        """Whether the window is in front."""
        return self.session is not None and self.session.controller.focused

    def say(self, text: str, bad: bool = False) -> None:
        """Show one line for a while."""
        if isinstance(self.screen, MainScreen):
            self.screen.say(text, bad)
        elif isinstance(self.screen, JoinScreen):
            self.screen.problem(text)

    def looked_at(self, room: bytes) -> None:
        """A room is in view: its notification goes, and the number may be another one."""
        if self.focused:
            self.news.looked_at(room)
        self.news.count()

    def _theme(self) -> str:
        chosen = self.settings.theme
        return self.appearance.theme if chosen == "system" else chosen

    def _zoom(self) -> float:
        return self._scale * self.settings.text_percent / 100

    def _language(self) -> str:
        return self.settings.language or find_language()

    def _make_look(self, before: Look | None = None) -> Look:
        look = Look(
            self.root, self._theme(), self._zoom(), self._language(), self.settings.accent, before
        )
        look.decode_faces(self.pictures)
        return look

    # --- screens ------------------------------------------------------------

    def _build(self, steps: Steps) -> None:
        """Build or draw a screen, bit by bit."""
        self.look.slices.build(steps)

    def _join_steps(self, link: str = "", nick: str = "") -> Steps:
        """Build and show the first screen."""
        screen = JoinScreen(
            self.root, self.look, self.joining, self, nick or self.settings.nick, link
        )
        yield from screen.build()
        self.joining.view = screen
        self._show(screen)

    def _main_steps(self, session: Session) -> Steps:
        """Build and show the main screen, unless the server was left meanwhile."""
        screen = MainScreen(self.root, self.look, session.controller, self.pictures, self)
        yield from screen.build()
        if self.session is not session:
            screen.close()
            screen.widget.destroy()
            return
        self._show(screen)
        yield LONG
        session.controller.attach(screen)
        screen.focus()

    def _show(self, screen: JoinScreen | MainScreen) -> None:
        old, self.screen = self.screen, screen
        screen.widget.place(x=0, y=0, relwidth=1, relheight=1)
        if old is not None:
            old.close()
            old.widget.place_forget()
            # Not at once: it may be one of its own buttons that asked for this.
            self.look.slices.destroy(old.widget)

    def _happened(self, happenings: Sequence[Happening]) -> None:
        session = self.session
        if session is None:
            return
        session.controller.apply(happenings)
        for happening in () if session.welcomed else happenings:
            match happening:
                case Welcomed():
                    self._enter(session)
                    break
                case LinkChanged():
                    self.joining.still_joining(happening)
        if session.let_in(happenings):
            self._remember(session)

    def _enter(self, session: Session) -> None:
        session.welcomed = True
        session.kept = self.settings.kept(session.invite)
        self._remember(session)
        session.controller.focused = self._in_front
        session.controller.on_news = self.news.told
        session.controller.on_changed = self.news.changed
        session.controller.on_uploaded = self.clipboard.discard
        self._build(self._main_steps(session))

    def _remember(self, session: Session) -> None:
        name = session.controller.model.server
        self.settings = self.settings.joined(str(session.invite), session.nick, name)
        settings.save(self._folder, self.settings)

    def open_room(self, room: bytes) -> None:
        """Bring the window to the front and show a room: a notification was clicked."""
        self.root.deiconify()
        self.root.lift()
        self.root.focus_force()
        if self.session is not None:
            self.session.controller.open_room(room)

    def leave_server(self) -> None:
        """Go back to the first screen; another server can be joined there."""
        if isinstance(self.screen, MainScreen):
            self._build(self._leave_steps())

    def _leave_steps(self) -> Steps:
        yield from self._join_steps()
        yield None
        self.joining.leave()
        self.news.left()

    # --- settings at work ---------------------------------------------------

    def change(self, changed: Settings) -> None:
        """Take other settings, save them and show them at once."""
        before, self.settings = self.settings, changed
        if changed == before:
            return
        settings.save(self._folder, changed)
        again = ("language", "text_percent")
        if any(getattr(before, name) != getattr(changed, name) for name in again):
            self._build_again()
        elif (before.theme, before.accent) != (changed.theme, changed.accent):
            self._restyle()

    def switch_theme(self) -> None:
        """Go from light to dark, or back."""
        theme = "dark" if self.look.palette.name == "light" else "light"
        self.change(replace(self.settings, theme=theme))

    def _system_theme_changed(self) -> None:
        if self.settings.theme == "system" and not self._closing:
            self._restyle()

    def _restyle(self) -> None:
        self.look.set_theme(self._theme(), self.settings.accent)
        self._build(self._restyle_steps())

    def _restyle_steps(self) -> Steps:
        yield from kit.theme_steps(self.look)
        self.root.configure(bg=self.look.palette.chat)
        if self.screen is not None:
            yield from self.screen.restyle()

    def _build_again(self) -> None:
        """Make the screen anew, because every word or every measure of it is another one."""
        self._build(self._again_steps())

    def _again_steps(self) -> Steps:
        yield from reading(self._language())
        kit.set_scale(self._zoom())
        yield LONG
        self.look = self._make_look(self.look)
        yield LONG
        filedialogs.speak(self.root, self.look.tr)
        yield None
        px, root = self.look.px, self.root
        root.minsize(
            min(px(WINDOW_MIN[0]), root.winfo_screenwidth()),
            min(px(WINDOW_MIN[1]), root.winfo_screenheight()),
        )
        session = self.session
        if isinstance(self.screen, MainScreen) and session is not None:
            yield from self._main_steps(session)
        elif isinstance(self.screen, JoinScreen):
            nick, link = self.screen.typed()
            yield from self._join_steps(link, nick)

    # --- time, focus, errors, closing ---------------------------------------

    def _tick(self) -> None:
        self._ticking = self.root.after(TICK_MS, self._tick)
        before, self._ticked_at = self._ticked_at, time.time()
        if self.session is not None and self.session.welcomed:
            self.session.controller.tick()
            # No clock tells on every system that the machine slept; a late tick does.
            if self._ticked_at - before > ASLEEP_S:
                self.session.controller.woke()

    def _focus(self, widget: object, focused: bool) -> None:
        if widget is not self.root:
            return
        self._in_front = focused
        if self.session is None:
            return
        controller = self.session.controller
        controller.focused = focused
        if focused and isinstance(self.screen, MainScreen):
            self.news.looked_at(controller.model.active)
            self.screen.looked_at()

    def _callback_failed(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.error("event=tk_callback_failed error=%s", kind.__name__, exc_info=(kind, error, trace))
        self.failures.append(kind.__name__)
        self.say(self.tr("window.broken", kind=kind.__name__), bad=True)

    def ask_close(self) -> None:
        """Close; a server that was started here, and files under way, are asked about first."""
        host, tr = self.joining.host, self.tr
        if host is not None and host.running:
            ask(
                self.root, self.look, tr("window.host_title"), tr("window.host_text"),
                [(tr("window.host_stop"), "main", self.close),
                 (tr("window.host_keep"), "quiet", self._leave_host),
                 (tr("general.cancel"), "quiet", lambda: None)],
            )  # fmt: skip
        elif self._uploading():
            ask(
                self.root, self.look, tr("window.uploads_title"), tr("window.uploads_text"),
                [(tr("window.uploads_close"), "main", self.close),
                 (tr("general.cancel"), "quiet", lambda: None)],
            )  # fmt: skip
        else:
            self.close()

    def _uploading(self) -> bool:
        if self.session is None:
            return False
        transfers = self.session.controller.model.transfers.values()
        return any(one.up and not one.problem for one in transfers)

    def _leave_host(self) -> None:
        self.joining.host = None
        self.close()

    def close(self) -> None:
        """End everything; the window goes first, so that nobody waits looking at it."""
        assert in_tk_thread()
        if self._closing:
            return
        self._closing = True
        # Tk keeps a pointer to a field that had the focus and went with its window: the next
        # window of this process would follow it.
        self.root.focus_set()
        self.root.withdraw()
        self.root.after_cancel(self._ticking)
        self.look.slices.close()
        if self.screen is not None:
            self.screen.close()
        self.joining.leave()
        self.joining.end_host()
        # After the client: until then it may read what is being sent.
        self.clipboard.close()
        self.news.close()
        self.appearance.close()
        settings.save(self._folder, self.settings)
        self._garbage.close()
        self.bridge.close()
        self.pictures.close()
        self.root.quit()
        self.root.destroy()
