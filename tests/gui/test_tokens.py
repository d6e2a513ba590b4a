"""Texts with pictures, in the steps of both kinds of Tk and in characters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.text import emoji
from gui.text.tokens import Counting, joined, parts, split

_EMOJI = re.compile(emoji.PATTERN)
TEXTS = st.lists(
    st.sampled_from(["a", "я", "ที่", "\U0001d54f", "\U0001f600", "\U0001f1fa\U0001f1e6", "❤️", "\n"])
).map("".join)


def test_every_emoji_is_a_token_of_its_own() -> None:
    found = split("a\U0001f600\U0001f44db", _EMOJI)
    assert found == [(False, "a"), (True, "\U0001f600"), (True, "\U0001f44d"), (False, "b")]


@given(TEXTS)
def test_tokens_hold_the_whole_text(text: str) -> None:
    assert joined(split(text, _EMOJI)) == text


@pytest.mark.parametrize("steps", [1, 2])
@given(text=TEXTS, at=st.integers(0, 40))
def test_a_place_is_found_again(steps: int, text: str, at: int) -> None:
    count, tokens = Counting(steps), split(text, _EMOJI)
    units = count.span(tokens, at)
    assert units <= count.width(tokens)
    back = count.offset(tokens, units)
    assert back >= min(at, len(text)), "inside of a picture is behind it"
    assert count.span(tokens, back) == units


def test_a_wide_character_is_two_steps_for_some() -> None:
    text = "a\U0001d54fb"
    assert Counting(1).units(text) == 3
    assert Counting(2).units(text) == 4
    assert Counting(2).offset([(False, text)], 3) == 2


@given(TEXTS, st.integers(1, 3))
def test_parts_hold_the_whole_text_and_few_pictures_each(text: str, most: int) -> None:
    found = parts(split(text, _EMOJI), most)
    assert "".join(found) == text
    assert all(sum(one for one, _ in split(part, _EMOJI)) <= most for part in found)
