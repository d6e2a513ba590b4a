"""Emoji in text: every sequence of Unicode is one match, and what is none stays text."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.emojis.sheet import sheet
from gui.text import emoji
from gui.text.emoji import PATTERN, TONES, VARIANT, bare, found, nearest, without

ONE = re.compile(PATTERN)
ALL = (*sheet().base, *sheet().toned)


def test_every_sequence_of_unicode_is_one_match() -> None:
    assert len(ALL) == len(set(ALL)) == 3655 + 9
    missed = [one for one in ALL if not ONE.fullmatch(one)]
    assert missed == []


def test_sequences_side_by_side_are_told_apart() -> None:
    # A tone or a letter would join what stands before it; that is what they are for.
    apart = [one for one in ALL if one not in TONES]
    assert found("".join(apart)) == apart
    assert found(" x ".join(apart)) == apart


def test_a_sequence_without_its_variant_marks_is_found_and_known() -> None:
    signs = {bare(one) for one in ALL if VARIANT in one and len(bare(one)) == 1}
    spelled = [bare(one) for one in ALL if VARIANT in one and bare(one) not in signs]
    assert [one for one in spelled if not ONE.fullmatch(one)] == []
    assert all(sheet().knows(one) for one in spelled)
    # Of the signs alone, those of text stay text: they need the mark to be pictures.
    text = {one for one in signs if not ONE.fullmatch(one)}
    assert {"©", "®", "™", "ℹ", "↔", "▶", "▫"} <= text
    assert not {"❤", "☀", "☺", "✔"} & text


@pytest.mark.parametrize(
    "text",
    ["abc 123 #*", "Привіт, світе", "น้ำที่", "← → ↔ ▫ ▪ ■", "✓ ✗", "©®™", "❤\ufe0e", "🇺", "🇽🇽",
     "🇺x🇦", "\u200d", "\ufe0f", "🀀", "𝒜", "中文"],
)  # fmt: skip
def test_what_is_no_emoji_stays_text(text: str) -> None:
    assert found(text) == []
    assert without(text) == text


def test_flags_pair_from_the_left() -> None:
    assert found("🇺🇦🇵🇱") == ["🇺🇦", "🇵🇱"]
    assert found("🇺🇦🇵") == ["🇺🇦"]


def test_a_tone_on_what_has_none_is_an_emoji_of_its_own() -> None:
    assert found("😀🏽👍🏽") == ["😀", "🏽", "👍🏽"]


def test_emoji_of_the_future_are_found_by_their_form() -> None:
    for newer in ("\U0001fae9", "\U0001f6d8", "🙂\u200d↔\ufe0f", "🏃\u200d➡\ufe0f", "🐦\u200d🔥"):
        assert found(f"a{newer}b") == [newer]
        assert not sheet().knows(newer)


def test_the_nearest_sequence_is_itself_or_shorter() -> None:
    assert nearest("❤️")[0] == "❤"
    assert "👨\u200d👩\u200d👧" in nearest("👨🏽\u200d👩🏽\u200d👧")
    assert nearest("🏃🏽\u200d➡️")[:3] == ["🏃🏽\u200d➡", "🏃\u200d➡", "🏃🏽"]


@given(st.text())
def test_nothing_but_emoji_is_replaced(text: str) -> None:
    plain = without(text)
    assert without(plain) == plain
    kept = ONE.sub("", text)
    assert plain.replace(emoji.FALLBACK, "") == kept.replace(emoji.FALLBACK, "")


def test_no_letter_of_a_script_is_an_emoji() -> None:
    for code in range(0x80, 0x2000):
        if chr(code) not in "©®":
            assert not ONE.match(chr(code)), hex(code)
    for code in (*range(0x3400, 0x4E00, 97), *range(0x20000, 0x2A000, 997)):
        assert not ONE.match(chr(code)), unicodedata.name(chr(code), hex(code))
