"""Any text of the wire on its way to the window, a terminal line or an archive: nothing raises.

What it looks like then is for :mod:`tests.security.test_lying_texts`; here every function that a
stranger's words go through takes whatever Unicode there is, in bodies of every kind that a server
can send, with any time and any nickname. No time is measured, but a text for which one of them
needs for ever ends the test.
"""

import json
import re
from dataclasses import replace
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gui.archive import page, said
from gui.chat.room import Entry, State
from gui.text import emoji, found, mentions, thai, tokens
from gui.text.bubblelayout import names_in
from gui.text.selection import word_at
from gui.text.textlayout import clean, clusters, letters, one_line, wrap
from gui.words import wording
from gui.words.i18n import LANGUAGES, Words
from protocol import hosts
from protocol.client.client import Client
from protocol.client.happenings import Message, PersonInfo
from protocol.codes import ErrorCode, EventKind
from protocol.errors import BadNameError
from protocol.limits import TEXT_MAX_CHARS, TS_MAX_MS
from protocol.names import clean_nick, clean_room_name, skeleton
from protocol.terminal.conversation import Conversation
from protocol.terminal.reports import Reports
from protocol.terminal.roster import Roster
from tests.protocol.client.shelf import Shelf
from tests.strategies import ITEMS

MANY = settings(
    max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
WORDS = [Words(one) for one in LANGUAGES]
TODAY = date(2026, 11, 21)
ME = b"m" * 8

_odd = st.sampled_from(
    (
        *("\u202e", "\u2066", "\u2069", "\u200b", "\u200d", "\ufe0f", "\U000e0061", "\U000e007f"),
        *("\0", "\x07", "\x1b[2J", "\x1b]52;c;aGk=\x07", "\x9b31m", "\r", "\n", "\t", "\x85"),
        *("\u0301" * 40, "\u0e33", "\u0e47" * 9, "\ufdfd", "\ufffe", "\U0010ffff", "\u2028"),
        *("👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇺🇦🇺", "1️⃣", "🏿", "ß", "İ", "ŉ", "ﬃ"),
        *("@", "@nick", ":smile:", ":", "https://", "https://a.b/…", "http://[::1", "mailto:x@y"),
        *("<script>", "&amp;", '"', "{", "}", "$", "[exec ls]", "\\", "%s", "{0}", "http://xn--"),
        *("x" * 300, " " * 300, "-" * 99, "ї" * 99, "字" * 99),
    )
)
_text = st.lists(_odd | st.text(max_size=12), max_size=8).map("".join)
texts = _text.filter(lambda text: len(text) <= TEXT_MAX_CHARS)
nicks = texts.map(lambda text: text[:32])
times = st.sampled_from((0, 1, TS_MAX_MS)) | st.integers(0, TS_MAX_MS)
people = st.lists(st.tuples(st.binary(min_size=8, max_size=8), nicks), max_size=4)


class Grid:
    """A ruler: every character is 10 wide, an emoji 20, a line 20 high."""

    def width(self, font: str, text: str) -> int:
        return 10 * len(text)

    def line_height(self, role: str) -> int:
        return 20

    def emoji_px(self, role: str) -> int:
        return 20


@MANY
@given(texts, st.integers(0, 600), st.sampled_from(("body", "small", "emoji")))
def test_a_text_becomes_lines(text: str, width: int, role: str) -> None:
    block = wrap(text, width, Grid(), role)
    for line in block.lines:
        for run in line.runs:
            letters(run)
    one_line(text, width, Grid(), role)
    assert clean(clean(text)) == clean(text)
    assert "".join(clusters(text)) == text


@MANY
@given(texts, texts, st.integers(-5, 400), people)
def test_a_text_is_searched_and_completed(
    text: str, other: str, at: int, known: list[tuple[bytes, str]]
) -> None:
    for place in found.found_in(text, other):
        assert 0 <= place[0] <= place[1] <= len(text)
    for named in names_in(text, known, ME):
        assert 0 <= named.start < named.end <= len(text)
    infos = [PersonInfo(person, nick, True) for person, nick in known]
    mentions.wanted(text, max(0, at))
    mentions.matching(infos, other, 5)
    mentions.named(text, infos, {})
    start, end = word_at(text, min(max(0, at), len(text)))
    assert 0 <= start <= end <= len(text)


@MANY
@given(texts)
def test_emoji_thai_links_and_pieces_of_a_text(text: str) -> None:
    emoji.without(text)
    for one in emoji.found(text):
        emoji.nearest(emoji.bare(one))
    assert len(thai.shape(text)) <= 2 * len(text)
    hosts.link_of(text)
    pieces = tokens.split(text, re.compile(emoji.PATTERN))
    assert tokens.joined(pieces) == text
    assert "".join(tokens.parts(pieces, 20)) == text


@MANY
@given(texts)
def test_names_are_refused_or_clean(text: str) -> None:
    for made in (clean_nick, clean_room_name):
        try:
            name = made(text)
        except BadNameError as error:
            assert "\n" not in str(error)
        else:
            assert made(name) == name, "what is clean stays so"
            assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in name)
    assert isinstance(skeleton(text), str)


def test_any_query_searches_and_no_more(tmp_path: Path) -> None:
    """Signs that mean something to the index, to patterns or to SQL are letters like others."""
    shelf = Shelf(tmp_path / "store.sqlite3")
    said = ['a "quoted" word', "100% _done_", "NEAR(a b) OR c*", "words : x", "ordinary"]
    shelf.say(*said)
    signs = st.text("\0\"'*:^+-(){}%_ ANDORTNEx", max_size=12)

    @MANY
    @given(texts | signs)
    def search(query: str) -> None:
        for text in shelf.find(query):
            assert text in said

    try:
        search()
        assert shelf.find("NEAR(a b) OR c*") == ["NEAR(a b) OR c*"]
        assert shelf.find('x" OR "a') == [] and shelf.find("*") == ["NEAR(a b) OR c*"]
    finally:
        shelf.close()


# --- sentences ----------------------------------------------------------------------------------

bodies: st.SearchStrategy[tuple[int, dict[str, Any]]] = st.sampled_from(EventKind).flatmap(
    lambda kind: st.tuples(st.just(int(kind)), ITEMS[kind] | st.just({}))
)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    kind, body = draw(bodies | st.tuples(st.integers(0, 255), st.just({})))
    body = dict(body)
    for name, value in body.items():
        if isinstance(value, str) and draw(st.booleans()):
            body[name] = draw(texts)
    return Message(
        room=b"r" * 16, epoch=b"e" * 16, seq=draw(st.integers(1, 2**62)), ts=draw(times),
        person=draw(st.binary(min_size=8, max_size=8)), nick=draw(nicks), kind=kind, body=body,
        own=draw(st.booleans()), n=draw(st.integers(0, 9)), deleted=draw(st.booleans()),
    )  # fmt: skip


@MANY
@given(messages(), st.sampled_from(WORDS), st.sampled_from(State), st.lists(nicks, max_size=5))
def test_a_message_becomes_sentences(
    message: Message, tr: Words, state: State, names: list[str]
) -> None:
    entry: Entry = replace(said.entry_of(message), state=state)
    lines = [
        wording.content(tr, entry),
        wording.author(tr, entry, False),
        wording.summary(tr, entry, True),
        wording.state_line(tr, entry),
        wording.when(tr, message.ts, TODAY),
        wording.when_short(tr, message.ts, TODAY),
        wording.typing(tr, names),
        said.line_of(message.nick),
        said.initial(message.nick),
    ]
    if message.kind == EventKind.NOTICE:
        lines.append(wording.notice(tr, entry))
    assert all(isinstance(line, str) for line in lines)
    assert datetime.fromtimestamp(message.ts / 1_000).year < 6_430


@MANY
@given(st.sampled_from(ErrorCode) | st.integers(0, 255), texts, st.sampled_from(WORDS))
def test_a_refusal_becomes_a_sentence(code: int, text: str, tr: Words) -> None:
    assert wording.refusal(tr, int(code), text)


class _Shape(HTMLParser):
    """The tags and attributes of a piece of HTML, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.links: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def error(self, message: str) -> None:
        raise AssertionError(message)


@MANY
@given(texts)
def test_a_text_brings_no_tag_into_an_archive(text: str) -> None:
    assert _Shape(page.text(text)).tags == []
    assert _Shape(page.name(text)).tags == ["bdi"]
    linked = _Shape(page.linked(text))
    assert set(linked.tags) <= {"a"} and linked.names <= {"href", "rel"}
    assert all(one.startswith(("http://", "https://", "mailto:")) for one in linked.links)


# --- a terminal ---------------------------------------------------------------------------------


_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@MANY
@given(messages())
def test_programs_are_given_one_line_of_json(message: Message) -> None:
    event = Reports(Roster()).message(message)
    line = json.dumps(event, ensure_ascii=False)
    assert "\n" not in line and json.loads(line) == json.loads(json.dumps(event))


@MANY
@given(st.lists(messages(), min_size=1, max_size=3))
def test_people_at_a_terminal_are_given_no_controls(some: list[Message]) -> None:
    """What could move the cursor, ask the terminal or begin a line of its own is not printed."""
    printed: list[str] = []
    shown = Conversation(cast(Client, None), "general", printed.append)  # nothing is asked of it
    for message in some:
        shown._show_message(message)
        shown._show_change(message)
    for line in printed:
        assert not _CONTROLS.search(line.replace("\n      ", "")), repr(line)
