"""What the settings ask of the program, answered for one server. Belongs to the Tk thread."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from gui.chat.controller import Controller
from gui.chat.room import Notify, Sound
from gui.desktop.news import News
from gui.paint.faces import Face
from gui.session import Session
from gui.settings import Settings
from gui.text.textlayout import clean
from gui.views.faces import face_of
from gui.views.settings.settingssheet import MutedRoom
from gui.views.viewing.files import start
from protocol.client.happenings import DeviceInfo
from protocol.codes import Act, Role


class Program(Protocol):
    """What is needed of the program around the screens."""

    @property
    def settings(self) -> Settings:
        """What the person has chosen."""

    @property
    def folder(self) -> Path:
        """The folder of all profiles."""

    def change(self, changed: Settings) -> None:
        """Take other settings, save them and show them at once."""

    def leave_server(self) -> None:
        """Go back to the first screen."""

    @property
    def news(self) -> News:
        """Notifications and their sound."""

    @property
    def session(self) -> Session | None:
        """The server that one is at."""


class Choosing:
    """Implements ``SettingsActs``."""

    def __init__(
        self, controller: Controller, program: Program, show_audit: Callable[[], None]
    ) -> None:
        """``program`` keeps the settings; ``show_audit`` shows what was done on the server."""
        self._show_audit = show_audit
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
        session = self._program.session

        def got(token: str, reason: str) -> None:
            link = "" if session is None or not token else str(replace(session.invite, token=token))
            answer(link, reason)

        self._controller.link_device(got)

    def own_tag(self) -> bytes:
        """Return the tag of this device."""
        session = self._program.session
        return session.profile.device_tag if session is not None else b""

    def fingerprints(self) -> tuple[str, str]:
        """Return the fingerprints of this device and of the server."""
        session = self._program.session
        if session is None:
            return "", ""
        return session.profile.device_fingerprint, session.profile.server_fingerprint

    def devices(self, answer: Callable[[tuple[DeviceInfo, ...], str], None]) -> None:
        """Ask for one's own devices."""
        self._controller.devices(self._controller.model.me, answer)

    def change_device(
        self, device: DeviceInfo, banned: bool, answer: Callable[[str], None]
    ) -> None:
        """Shut one of one's own devices out, or let it in again."""
        act = Act.BAN_DEVICE if banned else Act.UNBAN_DEVICE
        me = self._controller.model.me
        self._controller.act(act, person=me, device=device.tag, answer=answer)

    def may_audit(self) -> bool:
        """Whether one may see what was done on the server."""
        return self._controller.model.server_role >= Role.MODERATOR

    def show_audit(self) -> None:
        """Show it."""
        self._show_audit()

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
