"""Sentences about what was done to keep order, in a room and on the server. Pure.

``tr`` is :class:`gui.words.i18n.Words`.
"""

from collections.abc import Mapping
from typing import Any, Final

from gui.chat.room import Entry
from gui.words.i18n import Words
from protocol.client.happenings import AuditEntry
from protocol.codes import Act, DirectRule, Role

_UNITS: Final = ((86_400, "order.days"), (3_600, "order.hours"), (60, "order.minutes"))
_ROLES: Final = (Role.MEMBER, Role.MODERATOR, Role.OWNER)
RULES: Final = (DirectRule.FREE, DirectRule.WITH_MODERATORS, DirectRule.OFF)
"""What is known of direct messages of members; a later version may have more."""
_MUTED: Final = ("order.notice_muted", "order.notice_muted_for")
_MUTED_THERE: Final = ("order.audit_mute", "order.audit_mute_for")
"""Names of what is said about somebody muted until it is lifted, and for a time."""
_AUDIT: Final = {
    Act.BAN: "ban",
    Act.UNBAN: "unban",
    Act.UNMUTE: "unmute",
    Act.BAN_DEVICE: "ban_device",
    Act.UNBAN_DEVICE: "unban_device",
}


def span(tr: Words, seconds: int) -> str:
    """Return a length of time in its largest whole unit, as it follows "for" or "in"."""
    for unit, name in _UNITS:
        if seconds >= unit and seconds % unit == 0:
            return tr(name, seconds // unit)
    return tr("order.seconds", seconds)


def left(tr: Words, seconds: int) -> str:
    """Return the time that is left, short, to be counted down."""
    if seconds < 60:
        return tr("order.left_seconds", seconds)
    return tr("order.left_minutes", m=seconds // 60, s=f"{seconds % 60:02}")


def notice(tr: Words, entry: Entry) -> str:
    """Return the sentence of a notice of order, or "" if it is none that is known."""
    body = entry.body
    words = _done(tr, entry.nick, body)
    why = " ".join(str(body.get("text") or "").split())
    return tr("order.with_reason", words=words, why=why) if words and why else words


def _done(tr: Words, who: str, body: Mapping[str, Any]) -> str:
    what, nick, value = body.get("what"), str(body.get("nick") or "?"), int(body.get("value") or 0)
    match what:
        case "kicked" | "banned" | "unbanned" | "unmuted":
            return tr(f"order.notice_{what}", who=who, nick=nick)
        case "muted":
            return _muted(tr, _MUTED, who, nick, value)
        case "removed":
            if body.get("nick"):
                return tr("order.notice_removed", who=who, nick=nick)
            return tr("order.notice_removed_one", who=who)
        case "paused":
            return tr("order.notice_paused" if value else "order.notice_resumed", who=who)
        case "announce":
            return tr("order.notice_announce" if value else "order.notice_announce_off", who=who)
        case "slow":
            if not value:
                return tr("order.notice_slow_off", who=who)
            return tr("order.notice_slow", who=who, time=span(tr, value))
        case "direct" if value in RULES:
            return tr(f"order.notice_direct_{value}", who=who)
        case "role" if value in _ROLES:
            return tr(f"order.notice_role_{value}", who=who, nick=nick)
    return ""


def _muted(tr: Words, names: tuple[str, str], who: str, nick: str, seconds: int) -> str:
    if not seconds:
        return tr(names[0], who=who, nick=nick)
    return tr(names[1], who=who, nick=nick, time=span(tr, seconds))


def gone(tr: Words, entry: Entry) -> str:
    """Return what stands in the place of a message that was taken back, or removed."""
    if entry.removed_by is None:
        return tr("wording.deleted")
    return tr("order.removed_by", who=entry.removed_by[1])


def audit(tr: Words, one: AuditEntry) -> str:
    """Return the sentence of an act on the server."""
    who = one.actor_nick if one.actor else tr("order.audit_admin")
    nick, value = one.nick or "?", one.value
    if one.act in _AUDIT:
        words = tr(f"order.audit_{_AUDIT[Act(one.act)]}", who=who, nick=nick)
    elif one.act == Act.MUTE:
        words = _muted(tr, _MUTED_THERE, who, nick, value)
    elif one.act == Act.ROLE and value in _ROLES:
        words = tr(f"order.audit_role_{value}", who=who, nick=nick)
    elif one.act == Act.LOCK_NICK:
        name = "order.audit_lock_nick" if value else "order.audit_unlock_nick"
        words = tr(name, who=who, nick=nick)
    elif one.act == Act.RENAME:
        return tr("order.audit_rename", who=who, nick=nick, now=one.text)
    else:
        words = tr("order.audit_other", who=who, nick=nick)
    why = " ".join(one.text.split())
    return tr("order.with_reason", words=words, why=why) if why else words
