"""What the window remembers: nickname, theme, servers (gui.json), and read marks per server.

Plain JSON files, written whole beside the old one and then put in its place.
A damaged file is set aside with a warning, never a reason not to start.
"""

import json
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from protocol.errors import LinkError
from protocol.invite import Invite

log = logging.getLogger(__name__)

SERVERS_MAX = 20


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was joined once, newest first in the list."""

    name: str
    link: str
    nick: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The contents of gui.json. ``theme`` is light or dark; ``scale`` 0 means: find out."""

    nick: str = ""
    theme: str = "light"
    scale: float = 0.0
    servers: tuple[Server, ...] = ()

    def joined(self, link: str, nick: str) -> "Settings":
        """Return the settings with this server first, each server once."""
        invite = Invite.parse(link)
        name = ", ".join(invite.addresses)
        others = [one for one in self.servers if not _same(one.link, invite)]
        servers = (Server(name, link, nick), *others)[:SERVERS_MAX]
        return replace(self, nick=nick, servers=servers)


def _same(link: str, invite: Invite) -> bool:
    try:
        return Invite.parse(link).server_key == invite.server_key
    except LinkError:
        return True


def load(folder: Path) -> Settings:
    """Read gui.json of the profiles folder; what is missing or wrong has its default."""
    data = _read(folder / "gui.json")
    servers = []
    for one in data.get("servers", [])[:SERVERS_MAX]:
        if isinstance(one, dict) and all(isinstance(one.get(k), str) for k in _SERVER):
            servers.append(Server(*(one[k] for k in _SERVER)))
    theme, scale, nick = data.get("theme"), data.get("scale"), data.get("nick")
    return Settings(
        nick if isinstance(nick, str) else "",
        theme if theme in ("light", "dark") else "light",
        float(scale) if isinstance(scale, int | float) and 0.5 <= scale <= 4 else 0.0,
        tuple(servers),
    )


_SERVER = ("name", "link", "nick")


def save(folder: Path, settings: Settings) -> None:
    """Write gui.json; a folder that cannot be written is logged and lived with."""
    servers = [{k: getattr(one, k) for k in _SERVER} for one in settings.servers]
    _write(
        folder / "gui.json",
        {
            "nick": settings.nick,
            "theme": settings.theme,
            "scale": settings.scale,
            "servers": servers,
        },
    )


def load_marks(folder: Path) -> dict[str, int]:
    """Read the read marks of a profile: room in hex, highest ``seq`` seen."""
    data = _read(folder / "read.json")
    return {room: seq for room, seq in data.items() if isinstance(seq, int) and seq >= 0}


def save_marks(folder: Path, marks: dict[str, int]) -> None:
    """Write the read marks of a profile."""
    _write(folder / "read.json", marks)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("event=settings_unreadable file=%s reason=%s", path.name, type(error).__name__)
        return {}
    return data if isinstance(data, dict) else {}


def _write(path: Path, data: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    try:
        # The links hold invite tokens: for the owner's eyes alone.
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False, indent=1)
        part.replace(path)
    except OSError as error:
        log.warning("event=settings_unwritten file=%s reason=%s", path.name, type(error).__name__)
