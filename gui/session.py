"""One attempt to be at one server: profile, client and controller, from joining to closing.

Belongs to the Tk thread; the client has a thread of its own and is heard
through the bridge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Protocol

from gui.chat.asking import ClientPort, Context
from gui.chat.controller import Controller
from gui.chat.model import Model
from gui.desktop.opened import remove_copies
from gui.memory import Memory
from protocol.client.client import Client
from protocol.client.happenings import Happening, Link, LinkChanged
from protocol.client.profile import Profile
from protocol.invite import Invite
from protocol.names import clean_nick


class ProfilePort(Protocol):
    """What is needed of a profile."""

    @property
    def folder(self) -> Path:
        """Where it lives."""

    @property
    def device_tag(self) -> bytes:
        """How lists of devices name this device."""

    @property
    def device_fingerprint(self) -> str:
        """What tells this device from all others."""

    @property
    def server_fingerprint(self) -> str:
        """What to compare with the server's admin."""

    def close(self) -> None:
        """Let others have it."""


@dataclass(slots=True)
class Session:
    """What belongs together while a server is joined."""

    invite: Invite
    """What one came by; once the server has let one in, what is kept of it."""
    nick: str
    profile: ProfilePort
    client: ClientPort
    controller: Controller
    welcomed: bool = False
    """By the server, or by what an earlier visit left on this machine."""
    kept: Invite | None = None
    """What is kept of the link when the server has let one in; None: it was done."""

    def let_in(self, happenings: Sequence[Happening]) -> bool:
        """Keep of the link what is to be kept; whether the server has only just let one in.

        Until then its token is still needed.
        """
        online = any(isinstance(one, LinkChanged) and one.link is Link.ONLINE for one in happenings)
        if self.kept is None or not online:
            return False
        self.invite, self.kept = self.kept, None
        return True

    def close(self) -> None:
        """Stop the client, keep what is to be remembered, free the profile."""
        self.controller.close()
        self.profile.close()


Answer = Callable[[Session | Exception], None]
Begin = Callable[[Path, str, str, Callable[[Happening], None], Context, Answer], None]
"""Makes a session: profiles folder, link, nickname, who hears, the program around it, who gets it.

The answer comes in any thread.
"""


def begin(
    profiles: Path,
    link: str,
    nick: str,
    on_happening: Callable[[Happening], None],
    context: Context,
    answer: Answer,
) -> None:
    """Open the profile and make the client, not yet started, in a thread: it reads files.

    Raises BadNameError or LinkError at once; answers with SetupError. Each has one line for people.
    """
    nick = clean_nick(nick)
    invite = Invite.parse(link)

    def make(profile: Profile) -> Session:
        try:
            client = Client(profile, invite, nick, on_happening)
            memory = Memory(profile.folder)
        except BaseException:
            profile.close()
            raise
        controller = Controller(Model(memory.recall), client, memory, context)
        return Session(invite, nick, profile, client, controller)

    def work() -> None:
        try:
            profile = Profile.open(profiles, invite, nick)
            made = make(profile)
        except Exception as error:
            # Whoever gets it tells people, or raises it where errors are shown.
            answer(error)
            return
        answer(made)
        remove_copies(profile.pictures)

    Thread(target=work, name="profile", daemon=True).start()
