"""Invite links of a server on this machine: made from its data folder, running or not.

The broker keeps ``addresses.json`` there, a list of the ``HOST:PORT`` of all
gateways that registered last. Reads only; main thread.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from protocol.addresses import only_here, reachable
from protocol.errors import SetupError, ZviazokError
from protocol.folders import server_folder
from protocol.invite import DEFAULT_PORT, Invite, parse_address
from protocol.keys import load_or_make
from protocol.words import WordParser

ONLY_HERE = (
    "only programs on this machine can use this link; "
    "for others, start the server with: zviazok up --listen 0.0.0.0:8080"
)


def main(argv: list[str] | None = None) -> int:
    """Print the invite link of a server; return the exit status."""
    parser = WordParser(
        prog="zviazok invite",
        description="Print the link with which people join the server of this machine.",
        epilog="Whoever has the link can join: send it to the people you mean, not to the world.",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the server's data folder")
    options = parser.parse_args(argv)
    try:
        data = server_folder(options.data)
        invite = make_invite(data, read_addresses(data))
    except ZviazokError as error:
        print(f"zviazok invite: {error}", file=sys.stderr)
        return 1
    print(invite, flush=True)
    note = reach_note(invite)
    if note:
        print(f"zviazok invite: {note}", file=sys.stderr)
    return 0


def make_invite(data: Path, listening: Iterable[str]) -> Invite:
    """Return the invite to gateways that listen on these ``HOST:PORT``.

    Raise :class:`SetupError` if no server ever ran on the folder.
    """
    key, token = data / "frontend.key", data / "invite.token"
    if not key.exists() or not token.exists():
        raise SetupError(f"no server has run on {data} yet; start one with: zviazok up")
    try:
        words = token.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise SetupError(f"the file {token} cannot be read; it belongs to the server") from None
    found: list[str] = []
    for one in listening:
        found += reachable(*parse_address(one, DEFAULT_PORT))
    hosts = {one: parse_address(one, DEFAULT_PORT)[0] for one in found}
    if not only_here(hosts.values()):
        # An address of this machine alone would send everybody else to their own.
        found = [one for one in found if not only_here([hosts[one]])]
    return Invite(tuple(dict.fromkeys(found)), load_or_make(key).public, words or None)


def read_addresses(data: Path) -> list[str]:
    """Return the gateways' addresses that the broker noted; raise :class:`SetupError`."""
    path = data / "addresses.json"
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        value = None
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise SetupError(
            f"no gateway of the server on {data} has run yet; start the server with: zviazok up"
        )
    return value


def reach_note(invite: Invite) -> str:
    """Return one line if only this machine can use the invite, else nothing."""
    hosts = [parse_address(one, DEFAULT_PORT)[0] for one in invite.addresses]
    return ONLY_HERE if only_here(hosts) else ""
