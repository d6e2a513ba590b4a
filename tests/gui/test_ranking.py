"""What was typed finds names: beginnings before words before insides, in every language."""

import pytest

from gui.chat.ranking import rank, ranked


@pytest.mark.parametrize(
    ("typed", "name", "score"),
    [
        ("", "anything", 3),
        ("gen", "General", 3),
        ("team", "dev-team", 2),
        ("eam", "dev team", 1),
        ("xyz", "dev team", 0),
        ("zolw", "Żółw i biologia", 3),
        ("BIO", "Żółw i biologia", 2),
        ("елка", "Наша ёлка", 2),
        ("ій", "Сергій", 1),
        ("и", "Сергій", 0),
        ("bio zo", "Żółw i biologia", 2),
        ("bio xx", "Żółw i biologia", 0),
        ("ภาษา", "ห้องเรียนภาษาไทย", 1),
    ],
)
def test_rank(typed: str, name: str, score: int) -> None:
    assert rank(typed, name) == score


def test_better_comes_first_and_equals_keep_their_order() -> None:
    names = ["the art", "art class", "party", "arts", "nothing"]
    assert ranked("art", [(name, name) for name in names]) == [
        "art class", "arts", "the art", "party"
    ]  # fmt: skip
