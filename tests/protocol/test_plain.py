"""What a terminal or a log is given: shown, never obeyed, and no line that somebody else began."""

import json
import logging
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.plain import LogFormatter, as_json, escaped, harmless, one_line

OBEYED = [
    "\x1b]52;c;cm0gLXJm\x07",  # the clipboard is written
    "\x1b]8;;https://evil.example\x1b\\\\bank\x1b]8;;\x1b\\\\",  # a link with another face
    "\x1b]0;another title\x07",
    "\x9b2J\x9b31m",  # a C1 control begins a sequence as well
    "\x90dcs\x9c",
    "\rAnna: overwritten",
    "\x08\x08\x08",
    "\x7f",
    "\x00",
    "\x0e",
    "\u202egnp.exe",
    "\u2066\u2069\u200e\u200f\u061c",
    "\u2028\u2029\x85\x0b\x0c",
    "\ufeff\u2060",
    "\ud800",
    "\U000e0041",
]
BAD = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def controls(text: str) -> set[str]:
    return {one for one in text if unicodedata.category(one) in BAD}


@pytest.mark.parametrize("text", OBEYED)
def test_nothing_that_a_terminal_would_obey_passes(text: str) -> None:
    assert not controls(harmless(f"a{text}b"))
    assert not controls(one_line(f"a{text}b"))
    assert not controls(escaped(f"a{text}b"))
    assert not controls(as_json({"text": f"a{text}b"}))


@given(st.text())
def test_whatever_is_written_stays_harmless(text: str) -> None:
    assert controls(harmless(text)) <= {"\n", "\u200c", "\u200d"}
    assert controls(one_line(text)) <= {"\u200c", "\u200d"}
    assert not controls(escaped(text))
    assert not controls(as_json(text)) and json.loads(as_json(text)) == text
    assert harmless(harmless(text)) == harmless(text)


def test_what_people_write_is_left_as_it_is() -> None:
    said = "їжак 👩\u200d🏫\nสวัสดี น้ำ\nمی\u200cخواهم\nQuyền"
    assert harmless(said) == said
    assert one_line("a\tb\r\nc\nd") == "a b c d"
    assert harmless("a\tb\u00a0c") == "a    b c"
    assert as_json({"text": "їжак 👍"}) == '{"text": "їжак 👍"}'


def test_a_tower_of_marks_is_cut() -> None:
    assert harmless("Z" + "\u0301\u0e34\u0336" * 40 + "a") == "Z\u0301\u0e34\u0336\u0301a"


# --- logs -------------------------------------------------------------------------------------


def line(message: str, *values: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error is not None else None
    record = logging.LogRecord("broker", logging.WARNING, "", 0, message, values, info)
    return LogFormatter("%(levelname)s %(name)s %(message)s").format(record)


def test_a_value_cannot_begin_a_line_of_its_own() -> None:
    forged = "x\nINFO broker serving port=1\r\x1b[2K\u2028INFO\x85y"
    assert line("bad_batch error=%s", forged) == (
        "WARNING broker bad_batch error=x\\nINFO broker serving port=1\\r\\x1b[2K\\u2028INFO\\x85y"
    )
    assert line("gap rooms=%d", 3) == "WARNING broker gap rooms=3"


def test_a_traceback_cannot_begin_an_event() -> None:
    try:
        raise ValueError("x\nINFO broker serving port=1\x1b]0;title\x07")
    except ValueError as error:
        said = line("failed", error=error)
    first, *rest = said.split("\n")
    assert first == "WARNING broker failed"
    assert "    INFO broker serving port=1\\x1b]0;title\\x07" in rest
    assert all(one.startswith("    ") for one in rest)
    assert not controls(said) - {"\n"}
