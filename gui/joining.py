"""Joining a server, or hosting one here and joining it: what the first screen asks for.

One attempt at a time; what an earlier attempt still says does not concern the
present one. Belongs to the Tk thread.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Protocol

from gui.chat.asking import Context
from gui.hosting import Host
from gui.session import Begin, Session
from gui.words import wording
from protocol.client.happenings import Happening, Link, LinkChanged
from protocol.client.pins import Pins
from protocol.codes import ErrorCode
from protocol.errors import BadNameError, KeyChangedError, LinkError, SetupError
from protocol.folders import server_folder
from protocol.invite import Invite


class JoinView(Protocol):
    """What is needed of the first screen."""

    def working(self, text: str) -> None:
        """Say what goes on; it can be cancelled."""

    def note(self, text: str) -> None:
        """Say more while it goes on."""

    def problem(self, text: str, field: str = "") -> None:
        """Say what is wrong, and with which field (nick, link or port)."""

    def set_link(self, link: str) -> None:
        """Put a link into its field."""

    def key_changed(self, address: str, known: str, given: str, trust: Callable[[], None]) -> None:
        """Show the fingerprints of the key that is known and of the one in a link.

        ``trust`` forgets the known one.
        """


class Joining:
    """Attempts to be at a server; ``session`` is the present one."""

    def __init__(
        self,
        profiles: Path,
        data: Path | None,
        begin: Begin,
        context: Context,
        post: Callable[[Happening], None],
        call: Callable[[Callable[[], None]], None],
    ) -> None:
        """``post`` and ``call`` bring happenings and work into the Tk thread."""
        self._profiles = profiles
        self._data = data
        self._begin = begin
        self._context = context
        self._post = post
        self._call = call
        self._attempt = 0
        self.view: JoinView | None = None
        self.session: Session | None = None
        self._opening = False
        """A session is being made."""
        self.host: Host | None = None
        """The server that this window started, if it did."""
        self._host_link = ""
        self._host_begins = False
        """The present attempt has started it: giving that up ends it too."""
        self._owner_links: dict[tuple[bytes, str | None], Invite] = {}
        """By the server and the token that one joins with."""

    def own(self, link: str, owner_link: str) -> None:
        """Have whoever joins the server of this link become its owner, by another link to it.

        That one is greeted with, and neither shown nor kept: what is passed on must not make
        owners. Raises LinkError.
        """
        offered = Invite.parse(link)
        self._owner_links[offered.server_key, offered.token] = Invite.parse(owner_link)

    def _greeting(self, link: str) -> str:
        """Return the link to greet with."""
        try:
            asked = Invite.parse(link)
        except LinkError:
            return link  # whoever reads it next says so
        owner = self._owner_links.get((asked.server_key, asked.token))
        return link if owner is None else str(replace(asked, token=owner.token))

    def join(self, nick: str, link: str) -> None:
        """Begin to join; how it goes is shown in the first screen."""
        view, tr = self.view, self._context.tr
        if view is None or self.session is not None or self._opening:
            return
        if not nick.strip():
            view.problem(tr("window.need_nick"), "nick")
            return
        if not link.strip():
            view.problem(tr("window.need_link"), "link")
            return
        self._attempt += 1
        attempt = self._attempt
        link = link.strip()
        greeting = self._greeting(link)

        def heard(happening: Happening) -> None:
            if attempt == self._attempt:
                self._post(happening)

        def answer(made: Session | Exception) -> None:
            self._call(lambda: self._made(attempt, made, link))

        try:
            self._begin(self._profiles, greeting, nick, heard, self._context, answer)
        except BadNameError as error:
            view.problem(tr(f"window.name_{error.why}"), "nick")
        except LinkError:
            view.problem(tr("window.bad_link"), "link")
        else:
            self._opening = True
            view.working(tr("window.connecting"))

    def _made(self, attempt: int, made: Session | Exception, link: str) -> None:
        """A session is there, or what kept it from being made."""
        if attempt != self._attempt:
            if isinstance(made, Session):
                # It was given up meanwhile; only what was started can be closed.
                made.client.start()
                made.close()
            return
        self._opening = False
        if isinstance(made, Session):
            made.invite = Invite.parse(link)
            self.session = made
            made.client.start()
        elif not isinstance(made, SetupError):
            raise made
        elif isinstance(made, KeyChangedError) and self.view is not None:
            self._key_changed(self.view, made)
        elif self.view is not None:
            self.view.problem(str(made))

    def _key_changed(self, view: JoinView, error: KeyChangedError) -> None:
        """Another server may be pretending: show both keys; only the person can go on."""

        def forget() -> None:
            problem = ""
            try:
                for address in error.addresses:
                    Pins(self._profiles).forget(address)
            except SetupError as failed:
                problem = str(failed)
            self._call(lambda: view.problem(problem or self._context.tr("join.key_forgotten")))

        def trust() -> None:
            # It is a file.
            Thread(target=forget, name="pins", daemon=True).start()

        named, *others = error.addresses
        named += f" (+{len(others)})" if others else ""
        view.problem(self._context.tr("join.key_stopped", address=named), "link")
        view.key_changed(named, error.known, error.given, trust)

    def host_here(self, nick: str, port: int = 0) -> None:
        """Start a server on this machine (``port`` 0: the usual one) and join it."""
        view, tr = self.view, self._context.tr
        if view is None or self.session is not None or self._opening:
            return
        if not nick.strip():
            view.problem(tr("window.need_nick"), "nick")
            return
        if self.host is not None and self.host.running:
            if self._host_link:
                # It runs since an earlier attempt: one only left it, or was refused.
                view.set_link(self._host_link)
                self.join(nick, self._host_link)
            return
        self._host_link = ""

        def told(link: str, problem: str) -> None:
            self._call(lambda: self._hosted(made, nick, link, problem))

        listen = f"0.0.0.0:{port}" if port else ""
        try:
            made = Host(server_folder(self._data), self._data, told, listen)
        except (OSError, SetupError) as error:
            view.problem(str(error))
            return
        self.host, self._host_begins = made, True
        view.working(tr("window.hosting"))

    def _hosted(self, host: Host, nick: str, link: str, problem: str) -> None:
        view = self.view
        if view is None or self.host is not host:
            return
        view.problem("")
        if problem:
            self.end_host()
            view.problem(problem, "port")
            return
        self._host_link = link
        if host.owner_link:
            self.own(link, host.owner_link)
        view.set_link(link)
        self.join(nick, link)

    def cancel(self) -> None:
        """Give an attempt up; a server that runs here since an earlier one goes on."""
        begun = self._host_begins
        self.leave()
        if begun:
            self.end_host()
        if self.view is not None:
            self.view.problem(self._context.tr("window.cancelled"))

    def still_joining(self, link: LinkChanged) -> None:
        """The connection has another state, and the server has not welcomed us yet."""
        view, tr = self.view, self._context.tr
        if view is None:
            return
        if link.link is Link.REFUSED:
            self.leave()
            why = wording.refusal(tr, link.code, link.text)
            if link.code == ErrorCode.BANNED:
                why = f"{tr('order.banned_title')}. {tr('join.banned')}"
            view.problem(why, _FIELDS.get(link.code, ""))
        elif link.link is Link.WAITING:
            view.note(tr("window.unreachable"))

    def leave(self) -> None:
        """Close the session, if there is one."""
        session, self.session = self.session, None
        self._opening = False
        self._attempt += 1
        self._host_begins = False
        if session is not None:
            session.close()

    def end_host(self) -> None:
        """Stop the server that was started here, if there is one."""
        host, self.host = self.host, None
        if host is not None:
            host.stop()


_FIELDS: dict[int, str] = {
    ErrorCode.NICK_TAKEN: "nick",
    ErrorCode.NICK_BAD: "nick",
    ErrorCode.TOKEN: "link",
}
"""What is to be mended after a refusal."""
