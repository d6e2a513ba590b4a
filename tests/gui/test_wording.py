"""Sentences made from the model: days, notices, states and refusals, in every language."""

from datetime import date, datetime

import pytest

from gui.chat.room import Entry, State
from gui.words import wording
from gui.words.i18n import LANGUAGES, Words
from protocol.client.happenings import Link, LinkChanged
from protocol.codes import ErrorCode, EventKind

TODAY = date(2026, 11, 21)
EN, UK, PL, RU, TH = (Words(one) for one in LANGUAGES)


def entry(kind: int = EventKind.TEXT, own: bool = False, **body: object) -> Entry:
    return Entry(1, 1, 0, b"o" * 16, "Olena", kind, body, own)


@pytest.mark.parametrize(
    ("tr", "day", "line"),
    [
        (EN, TODAY, "Today"),
        (UK, date(2026, 11, 20), "Учора"),
        (EN, date(2026, 3, 5), "5 March"),
        (UK, date(2026, 3, 5), "5 березня"),
        (PL, date(2025, 10, 1), "1 października 2025"),
        (RU, date(2025, 5, 9), "9 мая 2025"),
        (TH, date(2025, 5, 9), "9 พฤษภาคม 2568"),
    ],
)
def test_days(tr: Words, day: date, line: str) -> None:
    assert wording.day_line(tr, day, TODAY) == line


@pytest.mark.parametrize(
    ("tr", "day", "short"),
    [
        (EN, date(2026, 11, 19), "Thu"),
        (UK, date(2026, 11, 19), "чт"),
        (PL, date(2026, 11, 3), "03.11"),
        (RU, date(2025, 11, 3), "03.11.25"),
        (EN, date(2025, 11, 3), "3 Nov 2025"),
        (TH, date(2025, 11, 3), "3 พ.ย. 68"),
    ],
)
def test_short_days(tr: Words, day: date, short: str) -> None:
    assert wording.day_short(tr, day, TODAY) == short


def test_of_today_the_clock_is_enough() -> None:
    ts = int(datetime(2026, 11, 21, 9, 5).timestamp() * 1000)
    assert wording.when_short(EN, ts, TODAY) == "09:05"
    assert wording.when(UK, ts, TODAY) == "Сьогодні, 09:05"


def test_notices() -> None:
    made = entry(EventKind.NOTICE, what="renamed", was="Ola", now="{0} Olena")
    assert wording.notice(EN, made) == "Ola is now {0} Olena"
    assert wording.notice(PL, entry(EventKind.NOTICE, what="joined")) == "Olena dołącza"
    assert "cannot show" in wording.notice(EN, entry(EventKind.NOTICE, what="exploded"))


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (entry(text="two\nlines"), "Olena: two lines"),
        (entry(text="mine", own=True), "You: mine"),
        (entry(EventKind.IMAGE), "Olena: Picture"),
        (entry(EventKind.IMAGE, caption="sea"), "Olena: Picture: sea"),
        (entry(EventKind.FILE, name="plan.pdf"), "Olena: File: plan.pdf"),
        (entry(99), "Olena: Needs a newer version of Zviazok"),
        (entry(EventKind.NOTICE, what="left"), "Olena left"),
    ],
)
def test_last_lines(made: Entry, line: str) -> None:
    assert wording.summary(EN, made, False) == line


def test_in_a_direct_message_the_other_needs_no_name() -> None:
    assert wording.summary(EN, entry(text="hi"), True) == "hi"


def test_states_of_ones_own() -> None:
    made = Entry(1, 0, 0, b"m" * 16, "Marko", EventKind.TEXT, {}, True, 1, State.QUEUED)
    assert wording.state_line(EN, made) == "waiting"
    assert wording.state_line(EN, entry()) == ""


def test_who_writes() -> None:
    assert wording.typing(EN, []) == ""
    assert wording.typing(EN, ["Olena"]) == "Olena is typing…"
    assert wording.typing(EN, ["Olena"], direct=True) == "typing…"
    assert wording.typing(PL, ["Ala", "Ola"]) == "Ala i Ola piszą…"
    assert wording.typing(UK, ["a", "b", "c"]) == "3 людини пишуть…"
    assert wording.typing(RU, list("abcde")) == "5 человек печатают…"


def test_the_connection_counts_down() -> None:
    waiting = LinkChanged(Link.WAITING, retry_ms=5000)
    assert "5 s" in wording.link_line(EN, waiting)
    assert "2 с" in wording.link_line(UK, waiting, 3400)
    assert wording.link_line(EN, waiting, 6000).startswith("Reconnecting…")
    refused = LinkChanged(Link.REFUSED, text="x", code=ErrorCode.TOKEN)
    assert "no longer valid" in wording.link_line(EN, refused)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_and_state_has_its_sentence(language: str) -> None:
    tr = Words(language)
    for code in ErrorCode:
        said = wording.refusal(tr, code, "in English")
        assert said and not said.startswith("wording.")
    for link in Link:
        for line in (
            wording.link_line(tr, LinkChanged(link)),
            wording.link_word(tr, LinkChanged(link)),
        ):
            assert line and not line.startswith("wording.")
    assert wording.refusal(tr, 0, "told so") == "told so"


def test_sizes() -> None:
    assert wording.size(EN, 12) == "12 B"
    assert wording.size(UK, 2048) == "2 КБ"
    assert wording.size(PL, 1_500_000) == "1,4 MB"
    assert wording.size(TH, 3 << 30) == "3.0 GB"
