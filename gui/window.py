"""The window's life: the join screen, the main screen, hosting, themes, errors and closing.

Owns the root, the bridge and the session; lives in the Tk thread. An error in a
Tk callback is logged with its traceback and shown, never swallowed.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from gui import keys, kit, settings
from gui.bridge import Bridge
from gui.hosting import Host
from gui.look import Look
from gui.ownership import claim, in_tk_thread
from gui.pictures import Pictures
from gui.session import Session, begin
from gui.theme import WINDOW, WINDOW_MIN
from gui.views.join import JoinScreen
from gui.views.main import MainScreen
from gui.views.sheet import ask
from protocol.client.happenings import Happening, Link, LinkChanged, Welcomed
from protocol.codes import ErrorCode
from protocol.errors import BadNameError, LinkError, SetupError
from protocol.folders import profiles_folder, server_folder

log = logging.getLogger(__name__)

Begin = Callable[[Path, str, str, Callable[[Happening], None]], Session]


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
        self._data = data
        self._folder = profiles_folder(data)
        self.settings = settings.load(self._folder)
        if theme:
            self.settings = replace(self.settings, theme=theme)
        claim()
        scale = self.settings.scale or kit.find_scale()
        self.root = kit.make_root(self.settings.theme, scale)
        self.root.report_callback_exception = self._callback_failed
        self.look = Look(self.root, self.settings.theme, scale)
        self.bridge = Bridge(self.root, self._happened)
        self.pictures = Pictures(self.bridge.call)
        self._start = start
        self.session: Session | None = None
        self._epoch = 0
        self._host: Host | None = None
        self._closing = False
        self.screen: JoinScreen | MainScreen | None = None
        self.failures: list[str] = []
        """Names of the errors that Tk callbacks raised: for tests."""
        px = self.look.px
        root = self.root
        root.title("Zviazok")
        root.minsize(px(WINDOW_MIN[0]), px(WINDOW_MIN[1]))
        wide = min(px(WINDOW[0]), root.winfo_screenwidth())
        high = min(px(WINDOW[1]), root.winfo_screenheight())
        left = (root.winfo_screenwidth() - wide) // 2
        top = (root.winfo_screenheight() - high) // 3
        root.geometry(f"{wide}x{high}+{left}+{top}")
        root.configure(bg=self.look.palette.chat)
        root.protocol("WM_DELETE_WINDOW", self.ask_close)
        keys.install(
            root,
            {
                "n": self._in_main(MainScreen.join_room),
                "o": self._in_main(MainScreen.choose_image),
                "q": self.ask_close,
            },
        )
        root.bind_all("<Control-Next>", lambda _: self._step(1))
        root.bind_all("<Control-Prior>", lambda _: self._step(-1))
        root.bind("<Escape>", lambda _: self._in_main(MainScreen.escape)())
        self.show_join(link, nick)
        root.deiconify()
        if link and nick:
            root.after_idle(lambda: self.join(nick, link))

    def run(self) -> None:
        """Serve the window until it is closed."""
        self.root.mainloop()

    def _in_main(self, work: Callable[[MainScreen], None]) -> Callable[[], None]:
        def run() -> None:
            if isinstance(self.screen, MainScreen):
                work(self.screen)

        return run

    def _step(self, step: int) -> str:
        if self.session is not None and isinstance(self.screen, MainScreen):
            self.session.controller.next_room(step)
        return "break"

    # --- joining ----------------------------------------------------------

    def show_join(self, link: str = "", nick: str = "") -> JoinScreen:
        """Show the first screen."""
        screen = JoinScreen(
            self.root, self.look, nick or self.settings.nick, link, self.settings.servers,
            self.join, self.host, self.cancel, self.switch_theme,
        )  # fmt: skip
        self._show(screen)
        return screen

    def _show(self, screen: JoinScreen | MainScreen) -> None:
        old, self.screen = self.screen, screen
        if isinstance(old, MainScreen):
            old.close()
        screen.widget.place(x=0, y=0, relwidth=1, relheight=1)
        if old is not None:
            old.widget.place_forget()
            self.root.after_idle(old.widget.destroy)

    def join(self, nick: str, link: str) -> None:
        """Begin to join; how it goes is shown in the join screen."""
        screen = self.screen
        if not isinstance(screen, JoinScreen) or self.session is not None:
            return
        if not nick.strip():
            screen.problem("Choose a nickname first", "nick")
            return
        if not link.strip():
            screen.problem("Paste the invite link that you were sent, or host a chat here", "link")
            return
        self._epoch += 1
        epoch = self._epoch

        def heard(happening: Happening) -> None:
            # What an earlier attempt still says does not concern this one.
            if epoch == self._epoch:
                self.bridge.post(happening)

        try:
            self.session = self._start(self._folder, link, nick, heard)
        except BadNameError as error:
            screen.problem(f"This nickname cannot be used: {error}", "nick")
        except LinkError as error:
            screen.problem(f"This link cannot be read: {error}", "link")
        except SetupError as error:
            screen.problem(str(error))
        else:
            screen.working("Connecting…")
            self.session.client.start()

    def host(self, nick: str) -> None:
        """Start a server on this machine and join it."""
        screen = self.screen
        if not isinstance(screen, JoinScreen):
            return
        if not nick.strip():
            screen.problem("Choose a nickname first", "nick")
            return
        try:
            folder = server_folder(self._data)
            self._host = Host(
                folder,
                self._data,
                lambda link, problem: self.bridge.call(lambda: self._hosted(nick, link, problem)),
            )
        except (OSError, SetupError) as error:
            screen.problem(f"The server could not be started: {error}")
            return
        screen.working("Starting the server on this machine…")

    def _hosted(self, nick: str, link: str, problem: str) -> None:
        screen = self.screen
        if not isinstance(screen, JoinScreen) or self._closing or self._host is None:
            return
        screen.problem("")
        if problem:
            self._end_host()
            screen.problem(problem)
            return
        screen.set_link(link)
        self.join(nick, link)

    def cancel(self) -> None:
        """Give an attempt up."""
        self._end_session()
        self._end_host()
        if isinstance(self.screen, JoinScreen):
            self.screen.problem("Cancelled")

    # --- happenings -------------------------------------------------------

    def _happened(self, happenings: Sequence[Happening]) -> None:
        session = self.session
        if session is None:
            return
        session.controller.apply(happenings)
        if session.welcomed:
            return
        for happening in happenings:
            match happening:
                case Welcomed():
                    self._enter(session)
                    return
                case LinkChanged():
                    self._still_joining(happening)

    def _still_joining(self, link: LinkChanged) -> None:
        screen = self.screen
        if not isinstance(screen, JoinScreen):
            return
        if link.link is Link.REFUSED:
            self._end_session()
            text, field = refusal(link)
            screen.problem(text, field)
        elif link.link is Link.WAITING:
            why = link.text or "The server cannot be reached"
            screen.note(f"{why}. Trying again; check the link and that the server runs.")

    def _enter(self, session: Session) -> None:
        session.welcomed = True
        self.settings = self.settings.joined(str(session.invite), session.nick)
        settings.save(self._folder, self.settings)
        screen = MainScreen(
            self.root, self.look, session.controller, self.pictures,
            lambda: str(session.invite), self.switch_theme,
        )  # fmt: skip
        self._show(screen)
        session.controller.attach(screen)
        screen.composer.text.focus_set()

    # --- theme, errors, closing -------------------------------------------

    def switch_theme(self) -> None:
        """Go from light to dark, or back."""
        theme = "dark" if self.settings.theme == "light" else "light"
        self.settings = replace(self.settings, theme=theme)
        settings.save(self._folder, self.settings)
        self.look.set_theme(theme)
        kit.set_theme(theme)
        self.root.configure(bg=self.look.palette.chat)
        if self.screen is not None:
            self.screen.restyle()

    def _callback_failed(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.error("event=tk_callback_failed error=%s", kind.__name__, exc_info=(kind, error, trace))
        self.failures.append(kind.__name__)
        text = f"Something went wrong in the window ({kind.__name__}); the log says more"
        if isinstance(self.screen, MainScreen):
            self.screen.say(text, bad=True)
        elif isinstance(self.screen, JoinScreen):
            self.screen.problem(text)

    def ask_close(self) -> None:
        """Close; a server that was started here is asked about first."""
        if self._host is None or not self._host.running:
            self.close()
            return
        ask(
            self.root, self.look, "You are hosting this chat",
            "If you stop the server, everybody is disconnected until you host it again. "
            "Nothing that was said is lost.",
            [("Stop and close", "main", self.close),
             ("Keep it running", "quiet", self._leave_host),
             ("Cancel", "quiet", lambda: None)],
        )  # fmt: skip

    def _leave_host(self) -> None:
        self._host = None
        self.close()

    def _end_session(self) -> None:
        session, self.session = self.session, None
        self._epoch += 1
        if session is not None:
            session.close()

    def _end_host(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.stop()

    def close(self) -> None:
        """End everything; the window goes first, so that nobody waits looking at it."""
        assert in_tk_thread()
        if self._closing:
            return
        self._closing = True
        self.root.withdraw()
        if isinstance(self.screen, MainScreen):
            self.screen.close()
        self._end_session()
        self._end_host()
        settings.save(self._folder, self.settings)
        self.bridge.close()
        self.pictures.close()
        self.root.quit()
        self.root.destroy()


def refusal(link: LinkChanged) -> tuple[str, str]:
    """Return what to tell somebody who was not let in, and the field to mend."""
    match link.code:
        case ErrorCode.NICK_TAKEN:
            return "This nickname is taken at this server: choose another one", "nick"
        case ErrorCode.NICK_BAD:
            return f"This nickname cannot be used: {link.text}", "nick"
        case ErrorCode.TOKEN:
            return "This invite link is no longer valid: ask for a new one", "link"
        case ErrorCode.VERSION:
            return "The server speaks another version: update Zviazok", ""
        case _:
            return link.text or "The server refused the connection", ""
