"""What the settings ask of the program, answered for one server. Belongs to the Tk thread."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from gui.chat.controller import Controller
from gui.chat.room import Notify, Sound
from gui.desktop.news import News
from gui.paint.faces import Face
from gui.settings import Settings
from gui.text.textlayout import clean
from gui.views.faces import face_of
from gui.views.settings.settingssheet import MutedRoom
from gui.views.viewing.files import start
from protocol.invite import Invite


class Program(Protocol):
    """What is needed of the program around the screens."""

    @property
    def settings(self) -> Settings:
        """What the person has chosen."""

    @property
    def folder(self) -> Path:
        """The folder of all profiles."""

    def link_text(self) -> str:
        """Return the invite link of this server."""

    def change(self, changed: Settings) -> None:
        """Take other settings, save them and show them at once."""

    def leave_server(self) -> None:
        """Go back to the first screen."""

    @property
    def news(self) -> News:
        """Notifications and their sound."""


class Choosing:
    """Implements ``SettingsActs``."""

    def __init__(self, controller: Controller, program: Program) -> None:
        """``program`` keeps the settings."""
        self._controller = controller
        self._program = program

    @property
    def settings(self) -> Settings:
        """The settings of now."""
        return self._program.settings

    def change(self, **fields: Any) -> None:
        """Save fields of the settings and let them hold."""
        self._program.change(replace(self._program.settings, **fields))

    def me(self) -> Face:
        """Return oneself."""
        model = self._controller.model
        return face_of(model, model.me, model.nick)

    def rename(self, nick: str, answer: Callable[[str], None]) -> None:
        """Take another nickname."""
        self._controller.rename(nick, answer)

    def set_profile(self, colour: int, picture: bytes, answer: Callable[[str], None]) -> None:
        """Take a colour and a picture."""
        self._controller.set_profile(colour, picture, answer)

    def link_device(self, answer: Callable[[str, str], None]) -> None:
        """Ask for an invite link for another device."""
        invite = Invite.parse(self._program.link_text())

        def got(token: str, reason: str) -> None:
            answer(str(replace(invite, token=token)) if token else "", reason)

        self._controller.link_device(got)

    def muted_rooms(self) -> Sequence[MutedRoom]:
        """Return the rooms whose notifications or sounds are not the usual ones."""
        model = self._controller.model
        return [
            MutedRoom(
                room.room,
                clean(model.title(room)),
                room.notify,
                room.quiet_until if self._controller.muted(room) else 0.0,
                room.sound,
            )
            for room in model.ordered()
            if room.notify is not Notify.DEFAULT
            or room.sound is not Sound.DEFAULT
            or self._controller.muted(room)
        ]

    def unmute(self, room: bytes) -> None:
        """Let a room make notifications that sound as usual."""
        known = self._controller.model.rooms.get(room)
        if known is not None:
            self._controller.notify(known, Notify.DEFAULT)
            self._controller.sound(known, Sound.DEFAULT)

    def try_sound(self) -> None:
        """Play the sound of a new message."""
        self._program.news.hear(Sound(self.settings.chime))

    def data_folder(self) -> Path:
        """Return the folder that holds everything of this program."""
        return self._program.folder

    def open_folder(self) -> bool:
        """Show that folder in the system's file manager; return whether there is one."""
        return start(self._program.folder)

    def leave_server(self) -> None:
        """Go to the first screen."""
        self._program.leave_server()
