"""The doctor's look at the data folder: permissions, keys, token, and whether a server runs.

Reads only; no key or token is shown. Main thread.
"""

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from broker.invites import Mode, read_book
from broker.lock import LOCK_FILE, is_held, read_note
from broker.upkeep.findings import Finding, bad, ok, warn
from broker.upkeep.restoring import STAGE_FOLDER
from protocol.errors import SetupError
from protocol.keys import from_text, load_or_make

_POSIX = os.name == "posix"
_TOKEN_MIN_CHARS = 16
_KEYS = {
    "frontend.key": "put it back from a backup: invite links and clients know the server by it; "
    "without it the next start makes a new one, and all links end",
    "broker.key": "put it back from a backup, or let the next start make a new one, which "
    "gateways on other machines must be told (--broker-key)",
    "gateway.key": "put it back from a backup, or let the next start make a new one",
}


def check_folder(data: Path) -> Iterator[Finding]:
    """Look at the folder itself."""
    status = data.stat()
    if _POSIX and stat.S_IMODE(status.st_mode) & 0o077:
        yield warn(
            "folder",
            f"{data} can be entered by others (mode {stat.S_IMODE(status.st_mode):04o})",
            f"chmod 700 '{data}'",
        )
    elif not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield bad("folder", f"{data} cannot be written by you", "run this as the server's user")
    else:
        yield ok("folder", f"{data}")
    if (data / STAGE_FOLDER).exists():
        yield bad(
            "restore",
            "a restore was begun and not finished",
            "start the server, or run zviazok restore again: either finishes it",
        )


def check_running(data: Path) -> Finding:
    """Say whether a broker runs on the folder."""
    try:
        held = is_held(data / LOCK_FILE)
    except OSError as error:
        return warn(
            "server", f"{LOCK_FILE} cannot be read ({error.strerror})", "run as the server's user"
        )
    note = read_note(data / LOCK_FILE)
    return ok("server", f"it runs ({note})" if held and note else "it runs" if held else "stopped")


def check_keys(data: Path) -> Iterator[Finding]:
    """Look at the key files."""
    for name, todo in _KEYS.items():
        path = data / name
        if not path.exists():
            yield bad("keys", f"{name} is missing", todo)
            continue
        try:
            load_or_make(path)
        except SetupError as error:
            what, _, rest = str(error).partition(";")
            yield bad("keys", what.replace(str(path), name), rest.strip() or "look at the file")
        else:
            yield ok("keys", name)


def check_token(data: Path) -> Finding:
    """Look at the invite token."""
    path = data / "invite.token"
    again = "start the server again: it makes one, and zviazok invite prints the new link"
    try:
        token = path.read_text(encoding="ascii").strip()
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return bad("token", "invite.token is missing", again)
    except (OSError, UnicodeDecodeError):
        return bad("token", "invite.token cannot be read", "run as the server's user")
    if not token:
        return bad("token", "invite.token is empty", again)
    if _POSIX and mode & 0o077:
        return warn("token", "invite.token can be read by others", f"chmod 600 '{path}'")
    if len(token) < _TOKEN_MIN_CHARS:
        return warn(
            "token",
            f"invite.token has only {len(token)} characters, so it can be guessed",
            "stop the server, delete the file and start it: a long one is made",
        )
    return ok("token", "invite.token")


def check_invites(data: Path) -> Finding:
    """Look at the counted invites, and say whether the server is open."""
    book = read_book(data)
    if book.fault:
        what, _, todo = book.fault.partition("; ")
        return bad("invites", what, todo)
    now_ms = time.time_ns() // 1_000_000
    alive = sum(not one.revoked and one.expires_ts > now_ms for one in book.invites)
    who = "whoever has the standing link can join"
    if book.mode is Mode.TOKEN:
        who = "only counted links let anybody in"
    return ok("invites", f"mode {book.mode}: {who}; {alive} counted, not expired or revoked")


def check_gateways(data: Path) -> Finding:
    """Look at the list of gateways on other machines."""
    path = data / "gateways"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ok("gateways", "none on other machines")
    except (OSError, UnicodeDecodeError):
        return bad("gateways", "the file gateways cannot be read", "look at it and its permissions")
    keys, wrong = 0, []
    for number, line in enumerate(lines, 1):
        words = line.split("#", 1)[0].split()
        if words:
            try:
                right = len(from_text(words[0])) == 32
            except ValueError:
                right = False
            keys += right
            if not right:
                wrong.append(str(number))
    if wrong:
        return warn(
            "gateways",
            f"the file gateways has lines that are no key: {', '.join(wrong[:5])}",
            "correct or delete them; the gateway prints its line",
        )
    return ok("gateways", f"{keys} on other machines may connect")
