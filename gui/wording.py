"""Sentences for people, made from the model: last lines, notices, days, sizes, the connection.

Pure. Times are shown in the local zone of this machine.
"""

from datetime import date, datetime

from gui.room import Entry, State
from protocol.client.happenings import Link, LinkChanged
from protocol.codes import EventKind

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def clock(ts: int) -> str:
    """Return ``HH:MM`` of a time in ms."""
    return datetime.fromtimestamp(ts / 1000).strftime("%H:%M")


def day_of(ts: int) -> date:
    """Return the local day of a time in ms."""
    return datetime.fromtimestamp(ts / 1000).date()


def day_line(day: date, today: date) -> str:
    """Return what stands above the first message of a day."""
    away = (today - day).days
    if away == 0:
        return "Today"
    if away == 1:
        return "Yesterday"
    line = f"{day.day} {_MONTHS[day.month - 1]}"
    return line if day.year == today.year else f"{line} {day.year}"


def notice(entry: Entry) -> str:
    """Return the sentence of a notice."""
    body = entry.body
    match body.get("what"):
        case "created":
            return f"{entry.nick} created the room"
        case "joined":
            return f"{entry.nick} joined"
        case "left":
            return f"{entry.nick} left"
        case "renamed":
            return f"{body.get('was') or entry.nick} is now {body.get('now', '?')}"
        case _:
            return "Something happened that this version cannot show"


def summary(entry: Entry, direct: bool) -> str:
    """Return one line for the rooms column."""
    if entry.kind == EventKind.NOTICE:
        return notice(entry)
    if entry.kind == EventKind.TEXT:
        text = " ".join(str(entry.body.get("text", "")).split())
    elif entry.kind == EventKind.IMAGE:
        text = str(entry.body.get("caption") or "") or "Picture"
    else:
        text = "Needs a newer version"
    who = "You" if entry.own else entry.nick
    return text if direct and not entry.own else f"{who}: {text}"


def state_line(entry: Entry) -> str:
    """Return the state of a message of one's own, as a word."""
    if not entry.own:
        return ""
    if entry.state is State.FAILED:
        return "failed"
    return "queued" if entry.state is State.QUEUED else "sent"


def link_line(link: LinkChanged, waited_ms: int = 0) -> str:
    """Return the one honest line about the connection; ``waited_ms`` since it came."""
    match link.link:
        case Link.ONLINE:
            return f"Connected to {link.address}" if link.address else "Connected"
        case Link.CONNECTING:
            return f"Connecting to {link.address}…" if link.address else "Connecting…"
        case Link.WAITING:
            left_s = max(0, link.retry_ms - waited_ms + 999) // 1000
            why = link.text or "No connection"
            return f"{why} – next try in {left_s} s" if left_s else f"{why} – trying again"
        case Link.REFUSED:
            return link.text or "The server refused this connection"
        case Link.STOPPED:
            return "Disconnected"


def size(count: int) -> str:
    """Return a number of bytes for people."""
    if count < 1024:
        return f"{count} B"
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} KB"
    return f"{count / 1024 / 1024:.1f} MB"
