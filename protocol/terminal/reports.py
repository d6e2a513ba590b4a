"""How happenings are written as JSON events for programs: plain values, bytes in hex.

Pure; names of rooms and people come from the roster.
"""

from enum import IntEnum
from typing import Any

from protocol.client.happenings import (
    DISK_FULL,
    Acked,
    ActDone,
    AuditKnown,
    Changed,
    Delayed,
    DevicesKnown,
    Discarded,
    Fetched,
    Gathered,
    Happening,
    Loaded,
    Marked,
    MembersKnown,
    Message,
    OrderKnown,
    PeopleKnown,
    PortraitsCame,
    PutAside,
    Queued,
    Refused,
    Resumed,
    RoomsListed,
    Sent,
    Typing,
)
from protocol.codes import Act, DirectRule, ErrorCode, EventKind, Role
from protocol.keys import in_groups
from protocol.terminal.roster import Roster

Event = dict[str, Any]

_KINDS = {int(kind): kind.name.lower() for kind in EventKind}
_FIELDS = frozenset(
    {"text", "name", "media", "size", "width", "height", "caption", "what", "was", "now"}
    | {"reply", "via", "of", "emoji", "on", "value"}
)


class Reports:
    """Writes events."""

    def __init__(self, roster: Roster) -> None:
        """Take names from ``roster``."""
        self._roster = roster

    def event(self, happening: Happening) -> Event | None:
        """Return the event of a happening that always reads the same; None: it is another one."""
        match happening:
            case Queued(room, n):
                return {"event": "queued", **self.room(room), "n": n}
            case Sent(room, first_n, count):
                return {"event": "sent", **self.room(room), "n": first_n, "count": count}
            case Acked(room, n, epoch, seq):
                place = self.room(room)
                return {"event": "acked", **place, "epoch": epoch.hex(), "seq": seq, "n": n}
            case Refused(room, n, number, field, text):
                event = {"event": "refused", **self.room(room), "n": n, "code": code(number)}
                return event | {"field": field, "text": text}
            case Delayed(room, n, retry_ms):
                return {"event": "delayed", **self.room(room), "n": n, "retry_ms": retry_ms}
            case Discarded(room, n):
                return {"event": "discarded", **self.room(room), "n": n}
            case Changed(room, messages):
                changed = [self.message(one) for one in messages]
                return {"event": "changed", **self.room(room), "messages": changed}
            case Loaded(_, room, messages, more, newer):
                found = [self.message(one) for one in messages]
                event = {"event": "history", **self.room(room), "messages": found}
                return event | {"more": more, "newer": newer}
            case Typing(room, person):
                return {"event": "typing", **self.room(room), **self._person(person)}
            case Marked(room, marks):
                rows = [{**self._person(person), "seq": seq} for person, seq in marks]
                return {"event": "marked", **self.room(room), "marks": rows}
            case Gathered(_, room, low, high):
                return {"event": "gathered", **self.room(room), "low": low, "high": high}
            case PortraitsCame(_, portraits):
                rows = [
                    {**self._person(person), "picture": data.hex()} for person, data in portraits
                ]
                return {"event": "portraits", "portraits": rows}
            case Resumed(_, room, kind, name):
                place = self.room(room)
                return {"event": "resumed", **place, "kind": _KINDS.get(kind, ""), "name": name}
            case PeopleKnown(people):
                rows = [
                    {
                        "person": one.person.hex(),
                        "nick": one.nick,
                        "online": one.online,
                        "role": _name(Role, one.role),
                    }
                    for one in people
                ]
                return {"event": "people", "people": rows}
            case RoomsListed(_, listed):
                rooms = [
                    {
                        "room": one.name,
                        "room_id": one.room.hex(),
                        "members": one.members,
                        "joined": one.joined,
                    }
                    for one in listed
                ]
                return {"event": "rooms", "rooms": rooms}
            case PutAside(path):
                return {"event": "put_aside", "path": str(path)}
            case Fetched(_, sha256, path):
                return {"event": "fetched", "sha256": sha256.hex(), "path": str(path)}
        return self._of_order(happening)

    def _of_order(self, happening: Happening) -> Event | None:
        match happening:
            case OrderKnown(room, order):
                return {
                    "event": "order",
                    **self.room(room),
                    "paused": order.paused,
                    "announce": order.announce,
                    "slow_s": order.slow_s,
                    "direct": _name(DirectRule, order.direct),
                    "roles": [
                        {**self._person(one), "role": _name(Role, role)}
                        for one, role in order.roles
                    ],
                    "muted": [{**self._person(one), "until": until} for one, until in order.muted],
                    "hands": [self._person(one) for one in order.hands],
                }
            case MembersKnown(room, members):
                rows = [
                    {
                        "person": one.person.hex(),
                        "nick": one.nick,
                        "online": one.online,
                        "role": _name(Role, one.role),
                    }
                    for one in members
                ]
                return {"event": "members", **self.room(room), "members": rows}
            case ActDone():
                return {"event": "done"}
            case DevicesKnown(person, devices):
                rows = [
                    {"device": in_groups(one.tag), "online": one.online, "banned": one.banned}
                    for one in devices
                ]
                return {"event": "devices", **self._person(person), "devices": rows}
            case AuditKnown(entries, more):
                rows = [
                    {
                        "no": one.no,
                        "ts": one.ts,
                        "actor": one.actor.hex(),
                        "actor_nick": one.actor_nick,
                        "act": _name(Act, one.act),
                        "person": one.person.hex(),
                        "nick": one.nick,
                        "value": one.value,
                        "text": one.text,
                    }
                    for one in entries
                ]
                return {"event": "audit", "acts": rows, "more": more}
        return None

    def room(self, room: bytes) -> Event:
        """Return the fields that name a room."""
        place: Event = {"room": self._roster.name_of(room), "room_id": room.hex()}
        if self._roster.is_direct(room):
            place |= {"direct": True, "with": self._roster.others(room)}
        elif self._roster.is_private(room):
            place |= {"private": True}
        return place

    def message(self, message: Message) -> Event:
        """Return the event of a message as it reads now."""
        known = message.kind in _KINDS and (message.body or message.deleted)
        event: Event = {
            "event": _KINDS[message.kind] if known else "other",
            **self.room(message.room),
            "epoch": message.epoch.hex(),
            "seq": message.seq,
            "ts": message.ts,
            "person": message.person.hex(),
            "nick": message.nick,
            "own": message.own,
            "n": message.n,
        }
        if not known:
            event["kind"] = message.kind
        for name, value in message.body.items():
            if name == "sha256":
                event[name] = value.hex()
            elif name == "mentions":
                event[name] = [person.hex() for person in value]
            elif name == "who":
                event[name] = {"person": value.hex(), "nick": message.body.get("nick", "")}
            elif name in _FIELDS:
                event[name] = value
        event |= {name: True for name in ("edited", "deleted") if getattr(message, name)}
        if message.removed_by is not None:
            event["removed_by"] = {
                "person": message.removed_by[0].hex(),
                "nick": message.removed_by[1],
            }
        if message.reactions:
            event["reactions"] = [
                {"emoji": emoji, "people": [self._person(one) for one in people]}
                for emoji, people in message.reactions
            ]
        return event

    def _person(self, person: bytes) -> Event:
        return {"person": person.hex(), "nick": self._roster.people.get(person, "")}


def _name(kinds: type[IntEnum], number: int) -> str | int:
    """Return a number's name in small letters; the number itself where it is new."""
    try:
        return kinds(number).name.lower()
    except ValueError:
        return number


def code(number: int) -> str:
    """Return the name of an error code, or the number of one that this version does not know."""
    if number == DISK_FULL:
        return "DISK_FULL"
    try:
        return ErrorCode(number).name
    except ValueError:
        return str(number) if number else ""
