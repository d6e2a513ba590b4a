"""Words that keep order: what each asks for, and that nothing half understood is done."""

from typing import Any

import pytest

from protocol.codes import Act, DirectRule, Role
from protocol.terminal import acts
from protocol.terminal.acts import ActError, Order, Where, read

NORA, SPACED = b"N" * 8, b"S" * 8
TAG = bytes.fromhex("0123456789abcdef")


def find(text: str) -> tuple[bytes, str]:
    for nick, person in (("Nora Two", SPACED), ("Nora", NORA)):
        if text == nick or text.startswith(nick + " "):
            return person, text[len(nick) :].strip()
    raise ActError("nobody is called like this")


def find_message(text: str) -> int:
    return 7


def order(line: str) -> Order:
    name, _, rest = line.partition(" ")
    return read(name, rest, find, find_message)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("kick Nora", Order(Act.KICK, NORA)),
        ("ban Nora Two spam", Order(Act.BAN, SPACED, text="spam")),
        ("unban Nora", Order(Act.UNBAN, NORA)),
        ("mute Nora", Order(Act.MUTE, NORA)),
        ("mute Nora 10m", Order(Act.MUTE, NORA, value=600)),
        ("mute Nora 10m too loud", Order(Act.MUTE, NORA, value=600, text="too loud")),
        ("mute Nora too loud", Order(Act.MUTE, NORA, text="too loud")),
        ("unmute Nora", Order(Act.UNMUTE, NORA)),
        ("remove 7", Order(Act.REMOVE, value=7)),
        ("pause", Order(Act.PAUSE, value=1)),
        ("pause a break", Order(Act.PAUSE, value=1, text="a break")),
        ("resume", Order(Act.PAUSE, value=0)),
        ("announce on", Order(Act.ANNOUNCE, value=1)),
        ("announce off", Order(Act.ANNOUNCE, value=0)),
        ("slow 30s", Order(Act.SLOW, value=30)),
        ("slow off", Order(Act.SLOW, value=0)),
        ("direct moderators", Order(Act.DIRECT, value=DirectRule.WITH_MODERATORS)),
        ("role Nora moderator", Order(Act.ROLE, NORA, value=Role.MODERATOR)),
        ("role Nora member", Order(Act.ROLE, NORA, value=Role.MEMBER)),
        ("lock Nora", Order(Act.LOCK_NICK, NORA, value=1)),
        ("unlock Nora", Order(Act.LOCK_NICK, NORA, value=0)),
        ("rename Nora Two Nora the Third", Order(Act.RENAME, SPACED, text="Nora the Third")),
        ("lower Nora", Order(Act.LOWER, NORA)),
        ("ban-device Nora 0123 4567 89AB cdef", Order(Act.BAN_DEVICE, NORA, TAG)),
        ("unban-device Nora 0123456789abcdef", Order(Act.UNBAN_DEVICE, NORA, TAG)),
    ],
)
def test_what_is_typed_is_what_is_asked_for(line: str, wanted: Order) -> None:
    assert order(line) == wanted


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("kick", "/kick NICK"),
        ("kick Omar", "nobody"),
        ("mute Nora 10", "10m"),
        ("mute Nora 10x", "10m"),
        ("mute Nora 99d", "at most 30d"),
        ("slow", "/slow TIME|off"),
        ("slow 2h", "at most 1h"),
        ("slow 0", "30s"),
        ("announce", "on|off"),
        ("announce yes", "on|off"),
        ("direct on", "free|moderators|off"),
        ("role Nora", "member|moderator|owner"),
        ("role Nora admin", "member|moderator|owner"),
        ("rename Nora", "NICK NEW"),
        ("ban-device Nora", "NICK TAG"),
        ("ban-device Nora 0123", "16 digits"),
        ("ban-device Nora 0123456789abcdeg", "16 digits"),
    ],
)
def test_what_is_not_understood_says_how_it_is_written(line: str, part: str) -> None:
    with pytest.raises(ActError) as caught:
        order(line)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("slow", 30, 30),
        ("announce", True, 1),
        ("pause", 1, 1),
        ("role", "owner", 2),
        ("mute", 0, 0),
    ],
)
def test_programs_may_give_numbers_and_words(name: str, value: Any, wanted: int) -> None:
    assert acts.value_of(name, value) == wanted


@pytest.mark.parametrize("value", [-1, 2**62, 1.5, None, [], "x"])
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(ActError):
        acts.value_of("slow", value)


def test_every_act_of_the_protocol_has_a_word_and_a_place() -> None:
    assert {word.act for word in acts.WORDS.values()} == set(Act)
    both = {name for name, word in acts.WORDS.items() if word.where is Where.BOTH}
    assert both == {"ban", "unban", "mute", "unmute", "role"}
