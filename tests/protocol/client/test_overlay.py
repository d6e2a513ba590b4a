"""What changes make of messages: whose count, which one wins, in whatever order they are known."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.client.happenings import Message
from protocol.client.overlay import EMOJI_MAX, Change, fold, words_of
from protocol.codes import EventKind
from protocol.items import encode_item
from protocol.limits import CAPTION_MAX_CHARS
from tests.strategies import ITEMS

AUTHOR, OTHER, THIRD = b"a" * 8, b"o" * 8, b"t" * 8
SEQ = 10
PICTURE: dict[str, Any] = {
    "name": "cat.png",
    "media": "image/png",
    "size": 5,
    "sha256": bytes(32),
    "width": 2,
    "height": 2,
    "thumb": b"x",
    "caption": "old",
}


def message(kind: EventKind = EventKind.TEXT, body: dict[str, Any] | None = None) -> Message:
    said = {"text": "old", "reply": 3, "mentions": [OTHER]} if body is None else body
    return Message(bytes(16), bytes(16), SEQ, 1, AUTHOR, "Anna", int(kind), said, False, 0)


def change(seq: int, kind: EventKind, person: bytes = AUTHOR, of: int = SEQ, **body: Any) -> Change:
    return Change(of, seq, int(kind), person, encode_item(kind, {"of": of, **body}))


def edit(seq: int, text: str, person: bytes = AUTHOR, **more: Any) -> Change:
    return change(seq, EventKind.EDIT, person, text=text, **more)


def react(seq: int, emoji: str, on: bool = True, person: bytes = OTHER) -> Change:
    return change(seq, EventKind.REACT, person, emoji=emoji, on=on)


def test_nothing_changes_nothing() -> None:
    one = message()
    assert fold(one, []) is one
    assert fold(one, [change(12, EventKind.DELETE, of=9)]) == one
    assert fold(one, [Change(SEQ, 12, 4, AUTHOR, b"\xc1 broken")]) == one
    early = Change(SEQ, SEQ - 1, 5, AUTHOR, encode_item(EventKind.DELETE, {"of": SEQ}))
    assert fold(one, [early]) == one, "what was said before it cannot be about it"


def test_the_last_edit_of_the_author_counts_and_keeps_what_it_answers() -> None:
    rows = [edit(14, "newest", mentions=[THIRD]), edit(12, "newer"), edit(15, "no", OTHER)]
    now = fold(message(), rows)
    assert now.body == {"text": "newest", "reply": 3, "mentions": [THIRD]} and now.edited
    assert "mentions" not in fold(message(), rows[1:2]).body


@pytest.mark.parametrize("blank", ["", " ", "\n\u00a0"])
def test_a_text_cannot_become_blank_but_a_caption_can_go(blank: str) -> None:
    assert fold(message(), [edit(12, blank)]) == message()
    now = fold(message(EventKind.IMAGE, PICTURE), [edit(12, "")])
    assert "caption" not in now.body and now.edited and now.body["name"] == "cat.png"
    assert fold(message(EventKind.IMAGE, PICTURE), [edit(12, "new")]).body["caption"] == "new"
    long = edit(12, "x" * (CAPTION_MAX_CHARS + 1))
    assert fold(message(EventKind.IMAGE, PICTURE), [long]).body["caption"] == "old"


def test_what_is_deleted_stays_deleted_and_only_its_author_can() -> None:
    rows = [react(11, "👍"), change(13, EventKind.DELETE), edit(14, "back"), react(15, "😀")]
    now = fold(message(), rows)
    assert (now.deleted, now.body, now.reactions, now.edited) == (True, {}, (), False)
    assert not fold(message(), [change(13, EventKind.DELETE, OTHER)]).deleted


def removal(seq: int, by: bytes = OTHER, nick: str = "Olha", **body: Any) -> Change:
    kind = EventKind.NOTICE
    return Change(SEQ, seq, int(kind), by, encode_item(kind, {"of": SEQ, **body}), nick)


def test_what_is_removed_says_by_whom_and_other_notices_remove_nothing() -> None:
    now = fold(message(), [react(11, "👍"), removal(12, what="removed"), edit(13, "back")])
    assert (now.deleted, now.body, now.reactions) == (True, {}, ())
    assert now.removed_by == (OTHER, "Olha")
    assert not fold(message(), [removal(12, what="muted", who=AUTHOR)]).deleted


def test_the_first_who_takes_it_back_counts() -> None:
    rows = [removal(14, what="removed"), change(12, EventKind.DELETE), removal(13, what="removed")]
    assert fold(message(), rows).removed_by is None and fold(message(), rows).deleted
    rows = [removal(14, THIRD, "Third", what="removed"), removal(13, what="removed")]
    assert fold(message(), rows).removed_by == (OTHER, "Olha")


def test_reactions_stand_in_the_order_in_which_they_came() -> None:
    rows = [
        react(11, "👍"),
        react(12, "❤", person=AUTHOR),
        react(13, "👍", person=THIRD),
        react(14, "👍"),
        react(15, "❤", False, person=AUTHOR),
        react(16, "❤", False, person=THIRD),
        react(17, "🎉", person=THIRD),
        react(18, "❤", person=THIRD),
    ]
    assert fold(message(), rows).reactions == (
        ("👍", (OTHER, THIRD)),
        ("🎉", (THIRD,)),
        ("❤", (THIRD,)),
    )


def test_so_many_different_emoji_and_no_more() -> None:
    rows = [react(11 + at, chr(0x1F600 + at)) for at in range(EMOJI_MAX + 5)]
    found = fold(message(), rows).reactions
    assert [emoji for emoji, _ in found] == [chr(0x1F600 + at) for at in range(EMOJI_MAX)]
    again = [*rows, react(99, chr(0x1F600), person=THIRD)]
    assert fold(message(), again).reactions[0] == (chr(0x1F600), (OTHER, THIRD))


@pytest.mark.parametrize("kind", [EventKind.NOTICE, EventKind.EDIT, EventKind.REACT])
def test_notices_and_changes_cannot_be_changed(kind: EventKind) -> None:
    one = message(kind, {"what": "joined", "of": 3, "text": "x", "emoji": "x", "on": True})
    assert fold(one, [edit(12, "no"), react(13, "👍"), change(14, EventKind.DELETE)]) == one


_changes = st.sampled_from((EventKind.EDIT, EventKind.DELETE, EventKind.REACT)).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        ITEMS[kind],
        st.sampled_from((SEQ, SEQ, SEQ, 9)),
        st.sampled_from((AUTHOR, OTHER)),
    )
)


@given(
    st.lists(_changes, max_size=12),
    st.sampled_from((EventKind.TEXT, EventKind.IMAGE, EventKind.FILE, EventKind.NOTICE)),
    st.randoms(use_true_random=False),
    st.data(),
)
def test_the_order_in_which_changes_become_known_does_not_matter(
    given_rows: list[Any], kind: EventKind, random: Random, data: st.DataObject
) -> None:
    one = message(kind, data.draw(ITEMS[kind]))
    rows = [
        Change(of, SEQ + 1 + at, int(what), who, encode_item(what, {**body, "of": of}))
        for at, (what, body, of, who) in enumerate(given_rows)
    ]
    now = fold(one, rows)
    shuffled = [*rows, *rows[:2]]
    random.shuffle(shuffled)
    assert fold(one, shuffled) == now
    assert (now.seq, now.person, now.nick, now.ts, now.kind) == (
        one.seq, one.person, one.nick, one.ts, one.kind,
    )  # fmt: skip
    mine = [row for row in rows if row.person == AUTHOR and row.of == SEQ]
    kinds = {row.kind for row in mine}
    assert now.deleted == (EventKind.DELETE in kinds and kind is not EventKind.NOTICE)
    assert not now.edited or EventKind.EDIT in kinds
    if now.deleted:
        assert not now.body and not now.reactions and words_of(now.kind, now.body) == ""
    else:
        # It is again an item that may be sent: nothing got into it that does not belong.
        encode_item(kind, now.body)
    assert all(people for _, people in now.reactions) and len(now.reactions) <= EMOJI_MAX


def test_what_is_searched_is_text_or_caption_and_name() -> None:
    assert words_of(1, {"text": "a"}) == "a"
    assert words_of(2, PICTURE) == "old\ncat.png"
    assert words_of(3, {"name": "b.pdf"}) == "b.pdf"
    assert words_of(16, {"what": "joined"}) == "" and words_of(77, {}) == ""
