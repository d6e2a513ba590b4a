"""Breaking text into lines: nothing lost, nothing too wide, emoji and Thai kept whole."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.text import emoji, thai
from gui.text.textlayout import ELLIPSIS, Block, clean, clusters, file_line, one_line, wrap


class Grid:
    """A ruler: every character is 10 wide, an emoji 20, a line 20 high."""

    def width(self, font: str, text: str) -> int:
        return 10 * len(text)

    def line_height(self, role: str) -> int:
        return 20

    def emoji_px(self, role: str) -> int:
        return 20


def shown(block: Block) -> list[str]:
    return ["".join(run.text for run in line.runs) for line in block.lines]


def test_words_are_kept_whole() -> None:
    block = wrap("один два три", 80, Grid())
    assert shown(block) == ["один два", "три"]
    assert (block.width, block.height) == (80, 40)


@pytest.mark.parametrize("letter", "kKåÅωΩsſß")
def test_no_letter_ends_a_word_by_its_case(letter: str) -> None:
    # The Kelvin sign is a K, the Ohm sign an omega, and both are where emoji begin.
    assert shown(wrap(f"ab {letter}li{letter}n", 60, Grid())) == ["ab", f"{letter}li{letter}n"]


def test_a_link_is_one_in_any_case() -> None:
    block = wrap("kkk HTTPS://Kiev.example/K", 400, Grid())
    assert [run.kind for run in block.lines[0].runs] == ["text", "link"]


def test_a_word_too_long_is_broken() -> None:
    assert shown(wrap("ab" + "x" * 9, 40, Grid())) == ["abxx", "xxxx", "xxx"]


def test_lines_of_the_writer_are_kept_the_empty_ones_too() -> None:
    assert shown(wrap("a\n\nb", 100, Grid())) == ["a", "", "b"]


@pytest.mark.parametrize(
    "sequence",
    ["\U0001f642", "\U0001f44d\U0001f3fd", "\U0001f1fa\U0001f1e6", "1\ufe0f\u20e3", "\u2764\ufe0f",
     "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f3f4\U000e0067\U000e0062\U000e007f"],
)  # fmt: skip
def test_an_emoji_is_one_run(sequence: str) -> None:
    (line,) = wrap(f"a{sequence}b", 200, Grid()).lines
    assert [(run.kind, run.text) for run in line.runs] == [
        ("text", "a"),
        ("emoji", sequence),
        ("text", "b"),
    ]
    assert emoji.without(f"a{sequence}b") == f"a{emoji.FALLBACK}b"


def test_a_link_knows_its_whole_address_on_every_line() -> None:
    block = wrap("see https://example.org/long, ok", 120, Grid())
    runs = [run for line in block.lines for run in line.runs if run.kind == "link"]
    assert len(runs) > 1
    assert {run.target for run in runs} == {"https://example.org/long"}
    assert "".join(run.text for run in runs) == "https://example.org/long"


def test_thai_breaks_between_clusters_only() -> None:
    words = "วันนี้เรียนกี่โมงที่ไหนครับ"
    block = wrap(words, 60, Grid())
    assert "".join(shown(block)) == words
    assert all(run.font == "body.thai" for line in block.lines for run in line.runs)
    for line in shown(block):
        assert not (line[0] == "\u0e31" or "\u0e34" <= line[0] <= "\u0e3a" or line[0] >= "\u0e47")


def test_a_cluster_is_a_consonant_with_its_marks() -> None:
    assert clusters("ที่เรียนน้ำ") == ["ที่", "เรี", "ย", "น", "น้ำ"]


def test_long_texts_are_folded() -> None:
    block = wrap("a\n" * 50, 100, Grid(), max_lines=30)
    assert block.folded and len(block.lines) == 30
    assert not wrap("a\n" * 20, 100, Grid(), max_lines=30).folded


@given(st.text(max_size=300), st.integers(10, 400))
def test_no_character_is_lost_and_no_line_too_wide(text: str, width: int) -> None:
    words = clean(text)
    block = wrap(words, width, Grid())
    kept = "".join(shown(block))
    assert "".join(kept.split()) == "".join(words.split())
    for line in block.lines:
        one_emoji = len(line.runs) == 1 and line.runs[0].kind == "emoji"
        assert line.width <= width or one_emoji
        assert all(b.x == a.x + a.width for a, b in zip(line.runs, line.runs[1:], strict=False))


@given(st.text(max_size=200), st.integers(20, 300))
def test_one_line_fits(text: str, width: int) -> None:
    line = one_line(text, width, Grid())
    assert line.width <= width


def test_one_line_ends_with_an_ellipsis_only_if_cut() -> None:
    assert "".join(run.text for run in one_line("abcdef", 60, Grid()).runs) == "abcdef"
    assert "".join(run.text for run in one_line("abcdefg", 60, Grid()).runs) == "abcde" + ELLIPSIS


def test_a_strangers_text_cannot_disturb_others() -> None:
    assert clean("a\x00b\x1b[31m\u202ec\r\nd") == "ab[31mc\nd"
    assert clean("Z" + "\u0301" * 100) == "Z" + "\u0301" * 4
    assert clean("Z" + "\u0301\u0e34\u0489\u064b\ufe20" * 9 + "a") == "Z\u0301\u0e34\u0489\u064ba"
    assert clean("a\u061cb\u2060\u2064c\u206fd\ufff9e\u180e\U000e0041\U000e0042f") == "abcdef"
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    assert clean(f"\U000e0061{flag}!") == f"{flag}!"
    assert clean("a" + "\u200d\u200b\ufe0f" * 50 + "b") == "a\u200d\u200bb"
    assert clean("น้ำ ที่ 👩\u200d🏫 ❤\ufe0f\u200d🔥") == "น้ำ ที่ 👩\u200d🏫 ❤\ufe0f\u200d🔥"
    assert clean("Zażółć ґанок ї\u0308") == "Zażółć ґанок ї\u0308"


@given(
    st.text(
        st.sampled_from("ab \n\r\t\u202e\u0301\u200d\ufe0f\U000e0041\U0001f3f4\x1b"), max_size=60
    )
)
def test_cleaning_settles(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("report.pdf", "report.pdf"),
        ("a very long name of an invoice.pdf.exe", "a very long n….exe"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("invoice.pdf" + " " * 90 + ".exe", "invoice.pdf .exe"),
        ("x" * 40, "x" * 17 + "…"),
        ("x" * 40 + "." + "y" * 40, "x" * 17 + "…"),
        ("x" * 600 + ".exe", "x" * 13 + "….exe"),
        ("", ""),
    ],
)
def test_what_a_file_name_ends_with_is_seen(name: str, seen: str) -> None:
    line = file_line(name, 180, Grid())
    assert "".join(run.text for run in line.runs) == seen
    assert line.width <= 180


def test_it_is_linear() -> None:
    def cost(count: int) -> float:
        start = time.process_time()
        wrap("x" * count, 300, Grid())
        return time.process_time() - start

    cost(4000)
    # Ten times the text costs ten times the time; a square would cost a hundred.
    assert min(cost(40_000) for _ in range(3)) < 40 * max(min(cost(4000) for _ in range(5)), 1e-4)


def test_thai_marks_are_moved_not_lost() -> None:
    assert thai.shape("ที่") == "ท\u0e35\u0e48"
    assert thai.shape("ก่") == "ก\uf70a"
    assert thai.shape("ป่า") == "ป\uf705า"
    assert thai.shape("ญู") == "\uf70f\u0e39"
    assert len(thai.shape("น้ำที่ปู่ฝึกฎู")) == len("น้ำที่ปู่ฝึกฎู")
