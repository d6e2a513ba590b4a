"""Words that keep order, as they are typed or scripted, and what they ask of the server.

Read strictly: a word that is not understood is answered with how it is written, and nothing
is done. Names are looked up by whoever calls. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from protocol.codes import Act, DirectRule, Role
from protocol.limits import COUNTER_MAX, MUTE_MAX_S, SLOW_MAX_S
from protocol.terminal.durations import EXAMPLE, seconds_of


class ActError(Exception):
    """An act that cannot be carried out as it is written; one line says how it is."""


class Takes(Enum):
    """What stands behind a word; a reason may follow, where the server keeps one."""

    NOTHING = ""
    PERSON = "NICK|#NUMBER"
    PERSON_TIME = "NICK|#NUMBER [TIME]"
    PERSON_ROLE = "NICK member|moderator|owner"
    PERSON_NICK = "NICK NEW"
    PERSON_DEVICE = "NICK TAG"
    MESSAGE = "NUMBER|NICK"
    SWITCH = "on|off"
    TIME = "TIME|off"
    RULE = "free|moderators|off"


class Where(Enum):
    """Where an act is done."""

    ROOM = 0
    SERVER = 1
    BOTH = 2


@dataclass(frozen=True, slots=True)
class Word:
    """What a word does."""

    act: Act
    takes: Takes
    where: Where
    value: int = 0
    """Where the word alone says it."""


WORDS: Final = {
    "kick": Word(Act.KICK, Takes.PERSON, Where.ROOM),
    "ban": Word(Act.BAN, Takes.PERSON, Where.BOTH),
    "unban": Word(Act.UNBAN, Takes.PERSON, Where.BOTH),
    "mute": Word(Act.MUTE, Takes.PERSON_TIME, Where.BOTH),
    "unmute": Word(Act.UNMUTE, Takes.PERSON, Where.BOTH),
    "remove": Word(Act.REMOVE, Takes.MESSAGE, Where.ROOM),
    "pause": Word(Act.PAUSE, Takes.NOTHING, Where.ROOM, 1),
    "resume": Word(Act.PAUSE, Takes.NOTHING, Where.ROOM, 0),
    "announce": Word(Act.ANNOUNCE, Takes.SWITCH, Where.ROOM),
    "slow": Word(Act.SLOW, Takes.TIME, Where.ROOM),
    "direct": Word(Act.DIRECT, Takes.RULE, Where.ROOM),
    "role": Word(Act.ROLE, Takes.PERSON_ROLE, Where.BOTH),
    "lock": Word(Act.LOCK_NICK, Takes.PERSON, Where.SERVER, 1),
    "unlock": Word(Act.LOCK_NICK, Takes.PERSON, Where.SERVER, 0),
    "rename": Word(Act.RENAME, Takes.PERSON_NICK, Where.SERVER),
    "lower": Word(Act.LOWER, Takes.PERSON, Where.ROOM),
    "ban-device": Word(Act.BAN_DEVICE, Takes.PERSON_DEVICE, Where.SERVER),
    "unban-device": Word(Act.UNBAN_DEVICE, Takes.PERSON_DEVICE, Where.SERVER),
}

ROLES: Final = {role.name.lower(): int(role) for role in Role}
RULES: Final = {
    "free": int(DirectRule.FREE),
    "moderators": int(DirectRule.WITH_MODERATORS),
    "off": int(DirectRule.OFF),
}
TAG_BYTES: Final = 8

Find = Callable[[str], tuple[bytes, str]]
"""Takes a text that begins with a nickname or a #NUMBER; returns whom, and the rest; or raises."""
FindMessage = Callable[[str], int]
"""Takes a number or a nickname; returns the seq of a message, or raises."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to ask the server for."""

    act: Act
    person: bytes = b""
    device: bytes = b""
    value: int = 0
    text: str = ""


def read(name: str, rest: str, find: Find, find_message: FindMessage) -> Order:
    """Read what was typed behind a word of WORDS; raise :class:`ActError`."""
    word = WORDS[name]
    if word.takes is Takes.NOTHING:
        return Order(word.act, value=word.value, text=rest)
    if not rest:
        raise ActError(usage(name))
    if word.takes in (Takes.SWITCH, Takes.TIME, Takes.RULE):
        first, _, why = rest.partition(" ")
        return Order(word.act, value=value_of(name, first), text=why.strip())
    if word.takes is Takes.MESSAGE:
        return Order(word.act, value=find_message(rest))
    person, rest = find(rest)
    if word.takes is Takes.PERSON:
        return Order(word.act, person, value=word.value, text=rest)
    if word.takes is Takes.PERSON_TIME:
        first, _, why = rest.partition(" ")
        if first[:1].isdigit():
            return Order(word.act, person, value=value_of(name, first), text=why.strip())
        return Order(word.act, person, text=rest)
    if not rest:
        raise ActError(usage(name))
    if word.takes is Takes.PERSON_NICK:
        return Order(word.act, person, text=rest)
    if word.takes is Takes.PERSON_DEVICE:
        return Order(word.act, person, tag_of(rest))
    first, _, why = rest.partition(" ")
    return Order(word.act, person, value=value_of(name, first), text=why.strip())


def value_of(name: str, value: Any) -> int:
    """Return the number that an act carries, of a number, a switch or a word; or raise."""
    word = WORDS[name]
    if type(value) is bool:
        value = "on" if value else "off"
    if type(value) is int:
        if not 0 <= value <= COUNTER_MAX:
            raise ActError(usage(name))
        return value
    found: int | None = None
    if type(value) is str:
        found = _value_of(word.takes, value)
    if found is None:
        timed = word.takes in (Takes.TIME, Takes.PERSON_TIME)
        raise ActError(f"{usage(name)}; {EXAMPLE}" if timed else usage(name))
    return found


def tag_of(text: str) -> bytes:
    """Read a device's tag as it is shown, with or without its spaces; or raise."""
    digits = text.replace(" ", "")
    if len(digits) == 2 * TAG_BYTES and digits.isascii() and digits.isalnum():
        try:
            return bytes.fromhex(digits)
        except ValueError:
            pass
    raise ActError("a device is named by the 16 digits that /devices shows")


def usage(name: str) -> str:
    """Return how a word is written."""
    return f"this is written: /{name} {WORDS[name].takes.value}".rstrip()


def _value_of(takes: Takes, text: str) -> int | None:
    match takes:
        case Takes.SWITCH:
            return {"on": 1, "off": 0}.get(text)
        case Takes.RULE:
            return RULES.get(text)
        case Takes.PERSON_ROLE:
            return ROLES.get(text)
        case Takes.TIME | Takes.PERSON_TIME:
            most_s = SLOW_MAX_S if takes is Takes.TIME else MUTE_MAX_S
            if text == "off" and takes is Takes.TIME:
                return 0
            try:
                return seconds_of(text, most_s)
            except ValueError as error:
                raise ActError(str(error)) from None
    return None
