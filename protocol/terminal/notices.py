"""How what is done in a room is worded for people, one line each. Pure.

Every text of others is made harmless here; what is unknown is said as such.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from protocol.client.happenings import AuditEntry, RoomOrder
from protocol.codes import Act, DirectRule, Role
from protocol.plain import one_line
from protocol.terminal.durations import spelled

_RULES: Final = {
    DirectRule.FREE: "members may write to each other directly",
    DirectRule.WITH_MODERATORS: "direct messages of members need somebody in charge in them",
    DirectRule.OFF: "members may not write to each other directly",
}
_ROLES: Final = {Role.MEMBER: "a member", Role.MODERATOR: "a moderator", Role.OWNER: "an owner"}

NickOf = Callable[[bytes], str]


def notice(nick: str, body: Mapping[str, Any]) -> str:
    """Return what a notice of ``nick`` says, behind a star."""
    actor, whom = one_line(nick), one_line(body.get("nick", "")) or "somebody"
    value = body.get("value", 0)
    match body["what"]:
        case "renamed":
            was, now = one_line(body.get("was", nick)), one_line(body.get("now", ""))
            by = "" if body.get("nick", "") in ("", nick) else f" (by {actor})"
            return f"* {was} is now {now}{by}"
        case "created" | "joined" as what:
            return f"* {actor} {what} the room"
        case "left":
            return f"* {actor} left"
        case "kicked":
            said = f"* {actor} put {whom} out of the room"
        case "banned":
            said = f"* {actor} banned {whom} from the room"
        case "unbanned":
            said = f"* {actor} lets {whom} into the room again"
        case "muted":
            said = f"* {actor} muted {whom}{f' for {spelled(value)}' if value else ''}"
        case "unmuted":
            said = f"* {actor} lets {whom} write again"
        case "removed":
            whose = f" of {whom}" if body.get("nick") else ""
            said = f"* {actor} removed a message{whose}"
        case "paused" if value:
            said = f"* {actor} paused the room: only those in charge may write"
        case "paused":
            said = f"* {actor} resumed the room: everybody may write"
        case "announce" if value:
            said = f"* {actor} made this a room of announcements: only those in charge may say more"
        case "announce":
            said = f"* {actor} ended announcements: everybody may say something"
        case "slow" if value:
            said = f"* {actor} slowed the room down: one message in {spelled(value)} each"
        case "slow":
            said = f"* {actor} ended the slow mode"
        case "direct":
            said = f"* {actor} set that {_rule(value)}"
        case "role":
            said = f"* {actor} made {whom} {_role(value)} of the room"
        case what:
            said = f"* {actor}: {one_line(str(what))}"
    why = one_line(body.get("text", ""))
    return f"{said} ({why})" if why else said


def held(order: RoomOrder, nick_of: NickOf, now_ms: int) -> list[str]:
    """Return what is restricted in a room, a line each; nothing where everything is free."""
    lines = []
    if order.paused:
        lines.append("the room is paused: only those in charge may write")
    elif order.announce:
        lines.append("a room of announcements: only those in charge may say something")
    if order.slow_s:
        lines.append(f"slow mode: one message in {spelled(order.slow_s)} each")
    if order.direct != DirectRule.FREE:
        lines.append(_rule(order.direct))
    for person, until_ms in order.muted:
        if not until_ms:
            lines.append(f"{nick_of(person)} is muted")
        elif until_ms > now_ms:
            lines.append(f"{nick_of(person)} is muted until {clock(until_ms)}")
    return lines


def in_charge(order: RoomOrder, nick_of: NickOf) -> list[str]:
    """Return who keeps order in a room, and whose hand is up."""
    lines = []
    for person, role in order.roles:
        if role:
            lines.append(f"{nick_of(person)} is {_role(role)}")
    if order.hands:
        lines.append("hands up: " + ", ".join(nick_of(one) for one in order.hands))
    return lines


def audited(entry: AuditEntry) -> str:
    """Return an act of the audit log as one line, without its time."""
    actor = one_line(entry.actor_nick) or "the server's admin"
    whom = one_line(entry.nick) or "somebody"
    match entry.act:
        case Act.BAN:
            said = f"{actor} banned {whom}"
        case Act.UNBAN:
            said = f"{actor} lets {whom} in again"
        case Act.MUTE:
            how_long = f" for {spelled(entry.value)}" if entry.value else ""
            said = f"{actor} muted {whom}{how_long}"
        case Act.UNMUTE:
            said = f"{actor} lets {whom} write again"
        case Act.ROLE:
            said = f"{actor} made {whom} {_role(entry.value)} of the server"
        case Act.LOCK_NICK:
            said = f"{actor} {'locked' if entry.value else 'unlocked'} the nickname of {whom}"
        case Act.RENAME:
            return f"{actor} renamed {whom} to {one_line(entry.text)}"
        case Act.BAN_DEVICE:
            said = f"{actor} banned a device of {whom}"
        case Act.UNBAN_DEVICE:
            said = f"{actor} lets a device of {whom} in again"
        case number:
            said = f"{actor} did something to {whom} that needs a newer version ({number})"
    why = one_line(entry.text)
    return f"{said} ({why})" if why else said


def clock(ts_ms: int) -> str:
    """Return a time of the server as a day and an hour here."""
    return time.strftime("%d.%m. %H:%M", time.localtime(ts_ms / 1000))


def role_name(role: int) -> str:
    """Return what somebody is, as a word."""
    return Role(role).name.lower() if role in _ROLES else f"role {role}"


def role_mark(role: int) -> str:
    """Return what stands in a list for somebody's role; nothing for a member.

    It stands before the dot of their name: behind it, a name could hold the same words.
    """
    return f"{role_name(role)} " if role else ""


def _rule(value: int) -> str:
    return _RULES.get(DirectRule(value), "") if value in _RULES else f"direct messages: {value}"


def _role(value: int) -> str:
    return _ROLES[Role(value)] if value in _ROLES else f"of a role that is new ({value})"
