"""What the window remembers for all servers: who one is, how it looks, what may disturb (gui.json).

A plain JSON file, written whole beside the old one and then put in its place.
A damaged file is set aside with a warning, never a reason not to start.
"""

import json
import logging
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from gui.chat.room import SHIPPED, Sound
from protocol.errors import LinkError
from protocol.invite import Invite

log = logging.getLogger(__name__)

SERVERS_MAX = 20
RECENT_EMOJI_MAX = 32
TEXT_PERCENTS = (80, 90, 100, 110, 125, 150, 175, 200)
"""Sizes of text that are offered."""

THEMES = ("light", "dark", "system")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was joined once, newest first in the list."""

    name: str
    link: str
    nick: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The contents of gui.json; each default is what a newcomer gets."""

    nick: str = ""
    theme: str = "system"
    accent: str = "indigo"
    text_percent: int = 100
    language: str = ""
    """A code of ``i18n.LANGUAGES``, or "" to follow the system."""
    scale: float = 0.0
    """Device pixels per pixel at 96 dots per inch; 0: find out."""
    notify: bool = True
    notify_words: bool = True
    """Notifications show what was said, not only who said something."""
    sound: bool = True
    typing: bool = True
    """Others see that one is writing."""
    read_marks: bool = True
    """Others see how far one has read, and one sees theirs."""
    skin_tone: int = 0
    recent_emoji: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    chime: str = Sound.NOTES.value
    """Which of ``room.SHIPPED`` the sound is."""

    def joined(self, link: str, nick: str, name: str = "") -> "Settings":
        """Return the settings with this server first, each server once."""
        invite = Invite.parse(link)
        name = name or ", ".join(invite.addresses)
        others = [one for one in self.servers if not _same(one.link, invite)]
        servers = (Server(name, link, nick), *others)[:SERVERS_MAX]
        return replace(self, nick=nick, servers=servers)

    def kept(self, invite: Invite) -> Invite:
        """Return what to remember of a link once the server has let one in by it.

        Who came with a token for some alone keeps the standing one that is remembered.
        """
        for one in self.servers:
            if invite.to_pass_on is None and _same(one.link, invite):
                try:
                    return replace(invite, token=Invite.parse(one.link).to_keep.token)
                except LinkError:
                    break
        return invite.to_keep

    def forgot(self, link: str) -> "Settings":
        """Return the settings without the server of this link."""
        return replace(self, servers=tuple(one for one in self.servers if one.link != link))

    def used_emoji(self, emoji: str) -> "Settings":
        """Return the settings with this emoji as the one used last."""
        others = [one for one in self.recent_emoji if one != emoji]
        return replace(self, recent_emoji=(emoji, *others)[:RECENT_EMOJI_MAX])


def _same(link: str, invite: Invite) -> bool:
    try:
        return Invite.parse(link).server_key == invite.server_key
    except LinkError:
        return True


def load(folder: Path) -> Settings:
    """Read gui.json of the profiles folder; what is missing or wrong has its default."""
    data = read_json(folder / "gui.json")
    plain = Settings()
    good: dict[str, Any] = {}
    for one in fields(Settings):
        value = data.get(one.name)
        default = getattr(plain, one.name)
        if one.name in ("servers", "recent_emoji", "scale"):
            continue
        if type(value) is type(default):
            good[one.name] = value
    if good.get("theme") not in THEMES:
        good.pop("theme", None)
    if not 80 <= good.get("text_percent", 100) <= 200:
        good.pop("text_percent")
    if not 0 <= good.get("skin_tone", 0) <= 5:
        good.pop("skin_tone")
    if good.get("chime") not in [one.value for one in SHIPPED]:
        good.pop("chime", None)
    scale = data.get("scale")
    if isinstance(scale, int | float) and 0.5 <= scale <= 4:
        good["scale"] = float(scale)
    recent = data.get("recent_emoji")
    if isinstance(recent, list):
        short = [one for one in recent if isinstance(one, str) and 0 < len(one) <= 16]
        good["recent_emoji"] = tuple(short[:RECENT_EMOJI_MAX])
    servers = data.get("servers")
    if isinstance(servers, list):
        good["servers"] = tuple(
            Server(*(one[name] for name in _SERVER))
            for one in servers[:SERVERS_MAX]
            if isinstance(one, dict) and all(isinstance(one.get(name), str) for name in _SERVER)
        )
    return replace(plain, **good)


_SERVER = ("name", "link", "nick")


def save(folder: Path, settings: Settings) -> None:
    """Write gui.json; a folder that cannot be written is logged and lived with."""
    write_json(folder / "gui.json", asdict(settings))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; a file that is missing or damaged counts as empty."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.warning("event=settings_unreadable file=%s reason=%s", path.name, type(error).__name__)
        return {}
    return data if isinstance(data, dict) else {}


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON object, whole or not at all; readable by the owner alone."""
    part = path.with_suffix(".part")
    try:
        # The links hold invite tokens, drafts are private.
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False, indent=1)
        part.replace(path)
    except (OSError, UnicodeEncodeError) as error:
        log.warning("event=settings_unwritten file=%s reason=%s", path.name, type(error).__name__)
