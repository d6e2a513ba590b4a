"""``zviazok invite``: links with which people join a server on this machine, running or not.

Without options the standing link of an open server; with them counted links, what became of them,
and whether the server is open. The broker keeps ``addresses.json`` in the data folder, a list of
the ``HOST:PORT`` of all gateways that registered last. Writes nothing but the file of invites
(:mod:`broker.invites`), which a running broker reads again at the next question; main thread.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from broker.firstowner import JOURNAL_FILE, owner_token
from broker.invites import (
    NOTE_MAX_CHARS,
    USES_MAX,
    Book,
    CountedInvite,
    Mode,
    added,
    change_book,
    draw,
    read_book,
    revoked,
)
from broker.sqlite_survey import invite_uses, opened
from broker.tokens import STANDING_FILE
from protocol.addresses import only_here, reachable
from protocol.codes import Role
from protocol.errors import SetupError, ZviazokError
from protocol.folders import server_folder
from protocol.invite import DEFAULT_PORT, Invite, parse_address
from protocol.keys import load_or_make
from protocol.plain import one_line
from protocol.words import WordParser

ONLY_HERE = (
    "only programs on this machine can use this link; "
    "for others, start the server with: zviazok up --listen 0.0.0.0:8080"
)
COUNTED_ONLY = (
    "this server takes counted links only. Make one: zviazok invite --uses 30 --expires 2d; "
    "or let whoever has the standing link in: zviazok invite --mode open"
)

_USES = 1
_EXPIRES = "7d"
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EXPIRES_MAX_S = 52 * _UNITS_S["w"]
_PERIOD = re.compile(r"([0-9]{1,9})([smhdw])")


def main(argv: list[str] | None = None) -> int:
    """Print a link, or do what the options say; return the exit status."""
    parser = _parser()
    options = parser.parse_args(argv)
    alone = [
        options.list,
        options.revoke is not None,
        options.mode is not None,
        options.first_owner,
    ]
    if sum([*alone, _counted(options)]) > 1:
        parser.error("--list, --revoke, --mode and --first-owner stand alone")
    if options.role is Role.OWNER and (options.uses or 1) > 1:
        parser.error("--uses: a link makes one owner; make another link for another one")
    try:
        data = server_folder(options.data)
        if options.list:
            _show(data)
        elif options.revoke is not None:
            _revoke(data, options.revoke)
        elif options.mode is not None:
            _switch(data, options.mode)
        elif options.first_owner:
            _make_first_owner(data)
        elif _counted(options):
            _make(data, options)
        else:
            _print_standing(data)
    except ZviazokError as error:
        _note(str(error))
        return 1
    return 0


def _parser() -> WordParser:
    parser = WordParser(
        prog="zviazok invite",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Print the link with which people join the server of this machine.",
        epilog=f"""\
Without options: the server's standing link. Whoever has it can join, as often as they like,
until the mode is 'token': send it to the people you mean, not to the world.

With --uses, --expires, --role or --note: a counted link, printed once and stored nowhere.
It lets {_USES} person in, for {_EXPIRES}, where the options do not say otherwise:

  zviazok invite --uses 30 --expires 2d --note "class 9b"    for a class, until after tomorrow
  zviazok invite --role owner                                for whoever is to be in charge

A role is of the whole server: a moderator keeps order there, an owner also makes others
moderators and owners. Whoever has joined already takes the role by opening the link.
What --mode and --revoke change is in force at once, also where the server runs; who has
joined stays.""",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the server's data folder")
    made = parser.add_argument_group("a counted link")
    made.add_argument(
        "--uses", type=_uses, metavar="N", help=f"how many people it lets in (default {_USES})"
    )
    made.add_argument(
        "--expires",
        type=_period_s,
        metavar="TIME",
        help=f"for how long: a number and s, m, h, d or w, at most 52w (default {_EXPIRES})",
    )
    made.add_argument(
        "--role", type=_role, metavar="moderator|owner", help="what it makes of people"
    )
    made.add_argument("--note", type=_noted, metavar="TEXT", help="what it is for, for --list")
    other = parser.add_argument_group("instead")
    other.add_argument(
        "--list", action="store_true", help="show the counted links that were made (not the links)"
    )
    other.add_argument("--revoke", metavar="ID", help="end one; --list shows the ids")
    other.add_argument(
        "--mode",
        type=_mode,
        metavar="open|token",
        help="open: the standing link lets everybody in; token: only counted links do",
    )
    other.add_argument(
        "--first-owner",
        action="store_true",
        help="print a link that makes its user the owner, for a day, if the server has none yet; "
        "else nothing (for programs that start a server)",
    )
    return parser


def _counted(options: argparse.Namespace) -> bool:
    named = (options.uses, options.expires, options.role, options.note)
    return any(one is not None for one in named)


# --- what the options do ------------------------------------------------------------------


def _print_standing(data: Path) -> None:
    if _sound_book(data).mode is not Mode.OPEN:
        raise SetupError(COUNTED_ONLY)
    _print(make_invite(data, read_addresses(data)))


def _make(data: Path, options: argparse.Namespace) -> None:
    # Before anything is stored: whatever keeps the link from being printed.
    place = replace(make_invite(data, read_addresses(data)), token=None)
    now_ms = _now_ms()
    uses = options.uses or _USES
    expires_ts = now_ms + 1_000 * (options.expires or _period_s(_EXPIRES))
    role = Role.MEMBER if options.role is None else options.role
    token, invite = draw(role, uses, expires_ts, options.note or "", now_ms)
    book = change_book(data, lambda book: added(book, invite, now_ms))
    _print(replace(place, token=token))
    made = book.invites[-1]
    people = "1 person" if uses == 1 else f"{uses:,} people"
    what = "" if role is Role.MEMBER else f", who becomes {_article(role)} of the server"
    _note(f"{made.id}: for {people}, until {_local(expires_ts)}{what}")
    _note(f"to end it sooner: zviazok invite --revoke {made.id}")
    if role is not Role.MEMBER:
        _note(f"whoever gets hold of it becomes {_article(role)}: revoke it when all have come")
    elif book.mode is Mode.OPEN:
        _note(
            "the standing link lets everybody in as well; to end that: zviazok invite --mode token"
        )


def _make_first_owner(data: Path) -> None:
    place = make_invite(data, read_addresses(data))
    token = owner_token(data, _now_ms())
    if token:
        print(replace(place, token=token), flush=True)


def _show(data: Path) -> None:
    book = _sound_book(data)
    print(f"mode: {_MODES[book.mode or Mode.TOKEN]}")
    if not book.invites:
        print("There are no counted links.", flush=True)
        return
    uses = _uses_of(data)
    rows = [("ID", "USED", "EXPIRES", "ROLE", "STATE", "NOTE")]
    for one in book.invites:
        used = None if uses is None else uses.get(one.id, 0)
        rows.append(
            (
                one.id,
                f"{'?' if used is None else used}/{one.uses}",
                _local(one.expires_ts),
                one.role.name.lower(),
                state_of(one, used, _now_ms()),
                one_line("first owner" if one.first_owner else one.note),
            )
        )
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[-1]]).rstrip(), flush=True)


def state_of(invite: CountedInvite, used: int | None, now_ms: int) -> str:
    """Say in a word what has become of an invite; ``used`` None: nobody can tell."""
    if used is not None and used >= invite.uses:
        return "used up"
    if invite.revoked:
        return "revoked"
    return "expired" if invite.expires_ts <= now_ms else "open"


def _revoke(data: Path, name: str) -> None:
    change_book(data, lambda book: revoked(book, name))
    print(f"{one_line(name)} lets nobody in any more. Who has joined by it stays.", flush=True)


def _switch(data: Path, mode: Mode) -> None:
    before = _sound_book(data).mode
    change_book(data, lambda book: replace(book, mode=mode))
    print(f"{'It was so already' if mode is before else 'From now on'}: {_MODES[mode]}", flush=True)


def _sound_book(data: Path) -> Book:
    book = read_book(data)
    if book.fault:
        raise SetupError(book.fault)
    return book


def _uses_of(data: Path) -> dict[str, int] | None:
    """Ask the journal how often each was used; it is only read, so the server may run."""
    if not (data / JOURNAL_FILE).exists():
        return {}
    try:
        with opened(data / JOURNAL_FILE) as db:
            return invite_uses(db)
    except ZviazokError as error:
        _note(f"how often they were used cannot be told: {error}")
        return None


# --- links --------------------------------------------------------------------------------


def make_invite(data: Path, listening: Iterable[str]) -> Invite:
    """Return the invite to gateways that listen on these ``HOST:PORT``.

    It has the standing token if the server is known to be open. Raise :class:`SetupError` if no
    server ever ran on the folder.
    """
    key, token = data / "frontend.key", data / STANDING_FILE
    if not key.exists() or not token.exists():
        raise SetupError(f"no server has run on {data} yet; start one with: zviazok up")
    try:
        words = token.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise SetupError(f"the file {token} cannot be read; it belongs to the server") from None
    if read_book(data).mode is not Mode.OPEN:
        words = ""
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
    except (OSError, ValueError, RecursionError):
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


# --- words ----------------------------------------------------------------------------------

_MODES = {
    Mode.OPEN: "open (whoever has the standing link can join)",
    Mode.TOKEN: "token (only counted links let anybody in)",
}


def _uses(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= USES_MAX):
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {USES_MAX:,}")
    return int(text)


def _period_s(text: str) -> int:
    found = _PERIOD.fullmatch(text)
    period_s = int(found[1]) * _UNITS_S[found[2]] if found else 0
    if not 1 <= period_s <= _EXPIRES_MAX_S:
        raise argparse.ArgumentTypeError(
            "must be a number and s, m, h, d or w, such as 2d, and at most 52w"
        )
    return period_s


def _role(text: str) -> Role:
    roles = {one.name.lower(): one for one in (Role.MODERATOR, Role.OWNER)}
    if text not in roles:
        raise argparse.ArgumentTypeError("must be moderator or owner")
    return roles[text]


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be open or token") from None


def _noted(text: str) -> str:
    note = " ".join(text.split())
    if len(note) > NOTE_MAX_CHARS or not note.isprintable():
        raise argparse.ArgumentTypeError(f"must be one line of at most {NOTE_MAX_CHARS} characters")
    return note


def _article(role: Role) -> str:
    return "an owner" if role is Role.OWNER else "a moderator"


def _local(ts: int) -> str:
    return datetime.fromtimestamp(ts // 1_000).strftime("%Y-%m-%d %H:%M")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _print(invite: Invite) -> None:
    print(invite, flush=True)
    note = reach_note(invite)
    if note:
        _note(note)


def _note(text: str) -> None:
    print(one_line(f"zviazok invite: {text}"), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
