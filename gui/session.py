"""One attempt to be at one server: profile, client and controller, from joining to closing.

Belongs to the Tk thread; the client has a thread of its own and is heard
through the bridge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gui import settings
from gui.controller import ClientPort, Controller
from gui.model import Model
from protocol.client.client import Client
from protocol.client.happenings import Happening
from protocol.client.profile import Profile
from protocol.invite import Invite
from protocol.names import clean_nick


class ProfilePort(Protocol):
    """What is needed of a profile."""

    @property
    def folder(self) -> Path:
        """Where it lives."""

    def close(self) -> None:
        """Let others have it."""


@dataclass(slots=True)
class Session:
    """What belongs together while a server is joined."""

    invite: Invite
    nick: str
    profile: ProfilePort
    client: ClientPort
    controller: Controller
    welcomed: bool = False

    def close(self) -> None:
        """Stop the client, keep the read marks, free the profile."""
        self.client.stop()
        settings.save_marks(self.profile.folder, self.controller.model.read_marks())
        self.profile.close()


def begin(
    profiles: Path, link: str, nick: str, on_happening: Callable[[Happening], None]
) -> Session:
    """Open the profile and make the client, not yet started.

    Raises BadNameError, LinkError or SetupError, each with one line for people.
    """
    nick = clean_nick(nick)
    invite = Invite.parse(link)
    profile = Profile.open(profiles, invite, nick)
    client = Client(profile, invite, nick, on_happening)
    model = Model(settings.load_marks(profile.folder))
    return Session(invite, nick, profile, client, Controller(model, client))
