"""Sentences for people, made from the model: last lines, notices, days, sizes, the connection.

Pure: ``tr`` is :class:`gui.words.i18n.Words`. Times are shown in the local zone of this machine.
"""

from collections.abc import Sequence
from datetime import date, datetime

from gui.chat.room import Entry, State
from gui.words import orderwords
from gui.words.i18n import Words
from protocol.client.happenings import DISK_FULL, Link, LinkChanged
from protocol.codes import ErrorCode, EventKind

_BUDDHIST_YEARS = 543
"""Thailand counts its years from the death of the Buddha."""
_REFUSALS = {
    ErrorCode.VERSION: "refused_version",
    ErrorCode.TOO_BIG: "refused_too_big",
    ErrorCode.NO_SESSION: "refused_no_session",
    ErrorCode.MISTIMED: "refused_no_session",
    ErrorCode.BUSY: "refused_busy",
    ErrorCode.UNAVAILABLE: "refused_unavailable",
    ErrorCode.TOKEN: "refused_token",
    ErrorCode.NICK_TAKEN: "refused_nick_taken",
    ErrorCode.NICK_BAD: "refused_nick_bad",
    ErrorCode.NO_ROOM: "refused_no_room",
    ErrorCode.NOT_MEMBER: "refused_not_member",
    ErrorCode.NO_PERSON: "refused_no_person",
    ErrorCode.TOO_MANY: "refused_too_many",
    ErrorCode.NO_BLOB: "refused_no_blob",
    ErrorCode.QUOTA: "refused_quota",
    ErrorCode.BLOB_MISMATCH: "refused_mismatch",
    ErrorCode.DAMAGED: "refused_damaged",
    ErrorCode.STOPPING: "refused_stopping",
    ErrorCode.FORBIDDEN: "refused_forbidden",
    ErrorCode.BANNED: "refused_banned",
    ErrorCode.FLOOD: "refused_flood",
    DISK_FULL: "refused_disk_full",
}
_FORBIDDEN = {
    "role": "refused_role",
    "muted": "refused_muted",
    "paused": "refused_paused",
    "announce": "refused_announce",
    "direct": "refused_direct",
    "nick": "refused_nick_locked",
}
"""What the order does not allow → the sentence."""


# --- times --------------------------------------------------------------------


def clock(ts: int) -> str:
    """Return ``HH:MM`` of a time in ms."""
    return datetime.fromtimestamp(ts / 1000).strftime("%H:%M")


def day_of(ts: int) -> date:
    """Return the local day of a time in ms."""
    return datetime.fromtimestamp(ts / 1000).date()


def day_line(tr: Words, day: date, today: date) -> str:
    """Return what stands above the first message of a day."""
    away = (today - day).days
    if away == 0:
        return tr("wording.today")
    if away == 1:
        return tr("wording.yesterday")
    month = tr(f"wording.month{day.month}")
    name = "wording.day" if day.year == today.year else "wording.day_year"
    return tr(name, d=day.day, month=month, year=_year(tr, day))


def day_short(tr: Words, day: date, today: date) -> str:
    """Return a day in the width of a clock: a weekday of this week, else a date."""
    if 0 < (today - day).days < 7:
        return tr(f"wording.weekday{day.isoweekday()}")
    month = tr(f"wording.month_short{day.month}")
    name = "wording.short" if day.year == today.year else "wording.short_year"
    year = _year(tr, day)
    return tr(name, d=day.day, m=day.month, month=month, y=year % 100, year=year)


def when_short(tr: Words, ts: int, today: date) -> str:
    """Return the time of a last message: today its clock, else :func:`day_short`."""
    day = day_of(ts)
    return clock(ts) if day == today else day_short(tr, day, today)


def when(tr: Words, ts: int, today: date) -> str:
    """Return day and clock, for a line of its own."""
    day = day_line(tr, day_of(ts), today)
    return tr("wording.when", day=day, clock=clock(ts))


def _year(tr: Words, day: date) -> int:
    return day.year + (_BUDDHIST_YEARS if tr.language == "th" else 0)


# --- messages -----------------------------------------------------------------


def notice(tr: Words, entry: Entry) -> str:
    """Return the sentence of a notice."""
    body, who = entry.body, entry.nick
    match body.get("what"):
        case "joined" if body.get("who"):
            # Somebody brought them in.
            return tr("order.notice_added", who=str(body.get("nick") or "?"), nick=who)
        case "created" | "joined" | "left" as what:
            return tr(f"wording.notice_{what}", who=who)
        case "renamed":
            was = str(body.get("was") or who)
            return tr("wording.notice_renamed", was=was, now=str(body.get("now", "?")))
        case _:
            return orderwords.notice(tr, entry) or tr("wording.unknown")


def content(tr: Words, entry: Entry) -> str:
    """Return one line of what an entry says, without who said it."""
    if entry.deleted:
        return orderwords.gone(tr, entry)
    if entry.kind == EventKind.NOTICE:
        return notice(tr, entry)
    words = " ".join(entry.words.split())
    if entry.kind == EventKind.TEXT:
        return words
    if entry.kind == EventKind.IMAGE:
        return tr("wording.picture_words", words=words) if words else tr("wording.picture")
    if entry.kind == EventKind.FILE:
        return tr("wording.file", name=str(entry.body.get("name", "")))
    return tr("wording.newer_version")


def author(tr: Words, entry: Entry, direct: bool) -> str:
    """Return who stands before the last line of a room, or an empty string."""
    if entry.kind == EventKind.NOTICE:
        return ""
    if entry.own:
        return tr("wording.you")
    return "" if direct else entry.nick


def summary(tr: Words, entry: Entry, direct: bool) -> str:
    """Return one line for lists and notifications: who and what."""
    who, text = author(tr, entry, direct), content(tr, entry)
    return tr("wording.said", who=who, words=text) if who else text


def state_line(tr: Words, entry: Entry) -> str:
    """Return the state of a message of one's own, as a word."""
    if not entry.own:
        return ""
    names = {
        State.QUEUED: "wording.state_queued",
        State.SENT: "wording.state_sent",
        State.STORED: "wording.state_stored",
        State.FAILED: "wording.state_failed",
    }
    return tr(names[entry.state])


def typing(tr: Words, names: Sequence[str], direct: bool = False) -> str:
    """Return who writes just now; an empty string if nobody does."""
    if not names:
        return ""
    if direct and len(names) == 1:
        return tr("wording.typing_direct")
    if len(names) > 2:
        return tr("wording.typing_many", len(names))
    return tr(f"wording.typing{len(names)}", who=names[0], other=names[-1])


# --- the connection -----------------------------------------------------------


def link_line(tr: Words, link: LinkChanged, waited_ms: int = 0) -> str:
    """Return the one honest line about the connection; ``waited_ms`` since it came."""
    match link.link:
        case Link.ONLINE:
            return tr("wording.link_online")
        case Link.CONNECTING:
            return tr("wording.link_connecting")
        case Link.WAITING:
            left_s = max(0, link.retry_ms - waited_ms + 999) // 1000
            return tr("wording.link_waiting", left_s) if left_s else tr("wording.link_trying")
        case Link.REFUSED:
            return tr("wording.link_refused", why=refusal(tr, link.code, link.text))
        case Link.STOPPED:
            return tr("wording.link_stopped")


def link_word(tr: Words, link: LinkChanged) -> str:
    """Return the connection in a word or two, where there is no room for the line."""
    names = {
        Link.ONLINE: "wording.link_online",
        Link.CONNECTING: "wording.link_connecting",
        Link.WAITING: "wording.link_lost",
        Link.REFUSED: "wording.link_lost",
        Link.STOPPED: "wording.link_lost",
    }
    return tr(names[link.link])


def refusal(tr: Words, code: int, text: str = "", field: str = "") -> str:
    """Return why the server (or this client) did not do what was asked.

    ``text`` is its own line in English: it is shown when the code says too little. ``field`` says
    what the order of a room or of the server does not allow.
    """
    name = _REFUSALS.get(code)
    if code == ErrorCode.FORBIDDEN:
        name = _FORBIDDEN.get(field, name)
    if name is not None:
        return tr(f"wording.{name}")
    return text or tr("wording.refused")


# --- sizes --------------------------------------------------------------------


def size(tr: Words, count: int) -> str:
    """Return a number of bytes for people."""
    if count < 1024:
        return tr("wording.bytes", size=count)
    if count < 1024 * 1024:
        return tr("wording.kilobytes", size=f"{count / 1024:.0f}")
    if count < 1024 * 1024 * 1024:
        return tr("wording.megabytes", size=_decimal(tr, count / 1024 / 1024))
    return tr("wording.gigabytes", size=_decimal(tr, count / 1024 / 1024 / 1024))


def _decimal(tr: Words, value: float) -> str:
    text = f"{value:.1f}"
    return text if tr.language in ("en", "th") else text.replace(".", ",")
