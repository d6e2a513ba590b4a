"""What is said about order, in all languages: notices, what holds, why not, the log."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from gui.chat.room import Entry
from gui.chat.standing import Standing
from gui.text.noticewords import gathered
from gui.words import holdwords, orderwords, wording
from gui.words.i18n import LANGUAGES, Words
from protocol.client.happenings import AuditEntry, RoomOrder
from protocol.codes import Act, DirectRule, ErrorCode, EventKind, Role

NICK, WHO = "Марко", "Олена"
TODAY = date(2026, 11, 20)
LATER = int(datetime(2026, 11, 20, 14, 30).timestamp() * 1000)


def notice(what: str, **body: Any) -> Entry:
    said = {"what": what, "who": b"m" * 8, "nick": NICK, **body}
    return Entry(1, 1, LATER, b"o" * 8, WHO, EventKind.NOTICE, said, False)


NOTICES: dict[str, list[dict[str, Any]]] = {
    "kicked": [{}], "banned": [{"text": "спам"}], "unbanned": [{}],
    "muted": [{"value": 600, "text": "спам"}, {"value": 0}], "unmuted": [{}],
    "removed": [{"of": 7}],
    "paused": [{"value": 1}, {"value": 0}], "announce": [{"value": 1}, {"value": 0}],
    "slow": [{"value": 30}, {"value": 0}], "direct": [{"value": one} for one in (0, 1, 2)],
    "role": [{"value": one} for one in (0, 1, 2)],
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_of_order_has_a_sentence_of_its_own(language: str) -> None:
    tr = Words(language)
    told = [wording.notice(tr, notice(what, **one)) for what in NOTICES for one in NOTICES[what]]
    assert len(set(told)) == len(told) and wording.notice(tr, notice("?")) not in told
    for words in told:
        assert WHO in words and "{" not in words
    with_reason = wording.notice(tr, notice("banned", text="ні\nтак"))
    assert "ні так" in with_reason


def test_a_notice_says_whom_how_long_and_why() -> None:
    tr = Words("en")
    words = wording.notice(tr, notice("muted", value=600, text="noise"))
    assert words == "Олена muted Марко for 10 minutes – “noise”"
    assert wording.notice(tr, notice("slow", value=30)).endswith("one message in 30 seconds")
    # Of a later version: nothing is made up.
    for odd in (notice("role", value=7), notice("direct", value=9), notice("fired")):
        assert wording.notice(tr, odd) == tr("wording.unknown")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "5 секунд"), (60, "1 хвилину"), (90, "90 секунд"), (600, "10 хвилин"),
        (3_600, "1 годину"), (7_200, "2 години"), (86_400, "1 день"), (172_800, "2 дні"),
    ],
)  # fmt: skip
def test_a_span_is_told_in_its_largest_whole_unit(seconds: int, words: str) -> None:
    assert orderwords.span(Words("uk"), seconds) == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_was_brought_in_is_told_together(language: str) -> None:
    tr = Words(language)
    people = ("Марко", "Zofia", "Пётр", "สมชาย", "Olena")
    came = [
        replace(
            notice("joined", who=b"o" * 8, nick=WHO), person=name.encode()[:8], nick=name, key=key
        )
        for key, name in enumerate(people)
    ]
    assert wording.notice(tr, came[0]) == tr("order.notice_added", who=WHO, nick="Марко")
    assert gathered(tr, came[:2]) == tr("order.notice_added", who=WHO, nick="Марко, Zofia")
    assert gathered(tr, came).endswith("Марко, Zofia, Пётр +2")
    alone = replace(came[0], body={"what": "joined"}, person=b"x")
    assert gathered(tr, [came[0], alone]).count(" · ") == 1


def test_what_was_done_to_keep_order_has_a_line_of_its_own() -> None:
    tr = Words("en")
    several = [notice("paused", value=1), notice("slow", value=5), notice("joined", who=b"")]
    assert len(gathered(tr, several).split("\n")) == 3


def test_a_removed_message_names_who_removed_it() -> None:
    tr = Words("en")
    said = Entry(1, 1, 0, b"m" * 8, NICK, EventKind.TEXT, {}, False, deleted=True)
    assert wording.content(tr, said) == "Message deleted"
    removed = replace(said, removed_by=(b"o" * 8, WHO))
    assert wording.content(tr, removed) == "Removed by Олена"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_holds_is_told_the_hardest_first(language: str) -> None:
    tr = Words(language)
    order = RoomOrder(paused=True, announce=True, slow_s=30, direct=2)
    lines = holdwords.holding(tr, Standing(order, kept=True), TODAY)
    assert len(lines) == 4
    muted = holdwords.holding(tr, Standing(order, muted=LATER, kept=True), TODAY)
    assert muted[1:] == lines and "14:30" in muted[0]
    assert holdwords.kept_from(tr, Standing(order, muted=LATER), TODAY) == muted[0]
    assert holdwords.kept_from(tr, Standing(order), TODAY) == lines[0]
    for rule in (DirectRule.WITH_MODERATORS, DirectRule.OFF):
        apart = Standing(apart=rule, apart_of="Кімната")
        said = holdwords.kept_from(tr, apart, TODAY)
        assert "Кімната" in said and holdwords.holding(tr, apart, TODAY) == [said]
    chief = Standing(order, Role.MODERATOR)
    assert holdwords.kept_from(tr, chief, TODAY) == ""
    assert holdwords.holding(tr, chief, TODAY)[-1] == tr("order.hold_not_you")


def test_a_slow_room_counts_down() -> None:
    tr = Words("en")
    slow = Standing(RoomOrder(slow_s=300), slow_left_s=65)
    assert holdwords.holding(tr, slow, TODAY) == ["Slow mode: you may write in 1 min 05 s"]
    assert "1 min 05 s" in holdwords.kept_from(tr, slow, TODAY)
    free = replace(slow, slow_left_s=0)
    assert holdwords.holding(tr, free, TODAY) == ["Slow mode: one message in 5 minutes"]
    assert holdwords.kept_from(tr, free, TODAY) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_forbidden_is_told_by_what_forbids_it(language: str) -> None:
    tr = Words(language)
    fields = ("role", "muted", "paused", "announce", "direct", "nick", "what a later one says")
    told = {wording.refusal(tr, ErrorCode.FORBIDDEN, "no", field) for field in fields}
    assert len(told) == len(fields) and "no" not in told
    for code in (ErrorCode.BANNED, ErrorCode.FLOOD):
        assert wording.refusal(tr, code, "no") != "no"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_act_on_the_server_has_a_sentence(language: str) -> None:
    tr = Words(language)

    def said(act: int, value: int = 0, text: str = "", actor: bytes = b"o" * 8) -> str:
        entry = AuditEntry(1, LATER, actor, WHO, act, b"m" * 8, NICK, value, text)
        return orderwords.audit(tr, entry)

    acts = [
        said(Act.BAN), said(Act.UNBAN), said(Act.MUTE), said(Act.MUTE, 600), said(Act.UNMUTE),
        said(Act.ROLE), said(Act.ROLE, 1), said(Act.ROLE, 2), said(Act.LOCK_NICK, 1),
        said(Act.LOCK_NICK, 0), said(Act.RENAME, text="Новий"), said(Act.BAN_DEVICE),
        said(Act.UNBAN_DEVICE), said(99),
    ]  # fmt: skip
    assert len(set(acts)) == len(acts) and all(WHO in one and NICK in one for one in acts)
    assert "Новий" in acts[10] and "спам" in said(Act.BAN, text="спам")
    assert WHO not in said(Act.ROLE, 2, actor=b"")
