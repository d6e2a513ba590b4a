"""Text that lies, across the boundaries: it is shown everywhere and obeyed nowhere.

From a false server to a terminal, from a client to the server's log, from a room to the page of
an archive, from a message to what is drawn and to the program that opens addresses.
"""

import json
import re
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gui.archive.job import Outcome
from gui.archive.survey import Format
from gui.desktop.filenames import safe_name
from gui.text.textlayout import clean, wrap
from protocol.blocks import NO_OUTBOX, encode_block
from protocol.client.operations import PersonRow, PutPeople
from protocol.codes import ErrorCode, EventKind, Kind, Purpose, RoomKind
from protocol.frames import Error, Hello, Page, Read, Welcome, encode
from protocol.hosts import link_of
from protocol.items import encode_item
from protocol.names import clean_nick, skeleton
from tests.gui.archives import NOON, Scene
from tests.gui.test_textlayout import Grid
from tests.integration.bare import Circle
from tests.protocol.client.shelf import OLENA
from tests.security.false_server import PERSON, ROOM, FalseServer
from tests.server import Server

LIE = "\x1b]52;c;eA==\x07\x9b2J\r\u202eevil\nINFO x"
"""What a nickname (of 32 characters) can hold of: clipboard, C1, return, direction, new line."""
LONG_LIE = (
    f"{LIE}\x1b]8;;https://evil.example\x1b\\\\bank\x1b]8;;\x1b\\\x1b]0;t\x07\x85\u2028\u2066"
)
TRICK = "https://bank.example@evil.example/x"
OTHER = b"o" * 16
BAD = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def controls(text: str, *but: str) -> set[str]:
    return {one for one in text if unicodedata.category(one) in BAD} - set(but)


# --- a false server and a terminal ------------------------------------------------------------


class Liar(FalseServer):
    """Puts its lie into every text that it may send."""

    def _welcome(self, purpose: Purpose) -> Welcome:
        rooms: list[list[Any]] = []
        if purpose is Purpose.TALK:
            rooms = [
                [ROOM, int(RoomKind.OPEN), "general", 5, []],
                [OTHER, int(RoomKind.OPEN), LIE, 5, []],
            ]
        gateways = list(self.invite.addresses)
        return Welcome(PERSON, LIE, self.epoch, 1, LIE, gateways, rooms, 15_000)

    def _page(self, frame: Read) -> Page:
        if frame.after:
            return Page(frame.request, frame.room, self.epoch, 5, False, [])
        file = {"name": LONG_LIE, "media": "text/plain", "size": 9, "sha256": b"s" * 32}
        items = [
            encode_item(EventKind.TEXT, {"text": f"said {LONG_LIE}", "via": LIE}),
            encode_item(EventKind.FILE, {**file, "caption": f"caption {LONG_LIE}", "reply": 1}),
            encode_item(EventKind.NOTICE, {"what": "renamed", "was": LIE, "now": LIE}),
            msgpack.packb([int(EventKind.NOTICE), {"what": LIE}]),
            encode_item(EventKind.EDIT, {"of": 1, "text": f"edited {LONG_LIE} {TRICK}"}),
        ]
        events = [(b"O" * 8, LIE, bytes(8), NO_OUTBOX, at, [item]) for at, item in enumerate(items)]
        return Page(frame.request, frame.room, self.epoch, 5, False, [encode_block(1, 1, events)])

    def refuse(self) -> None:
        """Answer the last request with a lie for a reason."""
        frame = Error(ErrorCode.NICK_BAD, "nick", f"refused {LONG_LIE}", Kind.RENAME, self.request)
        self._put(Purpose.TALK, [encode(frame)])

    def serve(self) -> None:
        if self._socket.poll(10):
            self._hear(honest=True)


@pytest.fixture
def liar(bare: Circle) -> Iterator[Liar]:
    one = Liar(bare.context)
    yield one
    one.close()


def talked(liar: Liar, folder: Path, typed: str, *words: str) -> tuple[str, str]:
    """Run a terminal client on the liar's server; return what it printed and complained."""
    command = [sys.executable, "-m", "protocol.terminal", str(liar.invite), "--nick", "Vera"]
    process = subprocess.Popen(
        [*command, "--data", str(folder), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    said: list[bytes] = []
    told = threading.Thread(
        target=lambda: said.extend(process.communicate(typed.encode(), timeout=90))
    )
    told.start()
    try:
        asked = liar.request
        while told.is_alive():
            liar.serve()
            if liar.request != asked:
                liar.refuse()
    finally:
        process.kill()
        told.join()
    out, errors = (one.decode() for one in said)
    return out, errors


def test_nothing_that_a_false_server_says_is_obeyed_by_a_terminal(
    liar: Liar, tmp_path: Path
) -> None:
    out, errors = talked(liar, tmp_path, f"/nick {LIE[:8]}Bob\n/people\n/rooms\n")
    assert not controls(out, "\n") and not controls(errors, "\n")
    for part in ("edited", "caption", "is now", "refused", "evil"):
        assert part in out, out
    assert f"{TRICK} [evil.example]" in out
    for line in out.splitlines():
        assert not line.startswith("INFO"), "a line of its own"


def test_nor_is_it_by_the_terminal_of_a_program_and_json_says_the_same(
    liar: Liar, tmp_path: Path
) -> None:
    out, errors = talked(liar, tmp_path, '{"nick": "Bob"}\n', "--json")
    assert not controls(out, "\n") and not controls(errors, "\n")
    events = [json.loads(line) for line in out.splitlines()]
    assert {one["nick"] for one in events if one["event"] == "online"} == {LIE}
    assert f"refused {LONG_LIE}" in [one["text"] for one in events if one["event"] == "error"]


def test_a_refusal_is_one_harmless_line(liar: Liar, tmp_path: Path) -> None:
    out, errors = talked(liar, tmp_path, "hello\n", "--room", "elsewhere")
    assert not controls(out, "\n") and not controls(errors, "\n")
    (line,) = errors.splitlines()
    assert line.startswith("zviazok chat: cannot enter elsewhere: refused ")


# --- a client and the log ---------------------------------------------------------------------


def test_no_client_can_write_a_line_of_the_log(target: Server, bare: Circle) -> None:
    forged = "x\nWARNING broker forged\r\x1b[2K\u2028\x85INFO forged"
    for agent, nick, token in ((forged, "Anna", forged), (LIE, forged[:32], target.invite.token)):
        one = bare(target.invite, "unused", welcome=False)
        one.send(Hello(agent, nick, token, int(Purpose.TALK)))
        one.expect(Error)
    one = bare(target.invite, "Ganna")
    one.send(Hello(forged, None, None, int(Purpose.TALK)))
    one.socket.send(b"\x01\x02\xa0\nWARNING broker forged")
    one.barrier()
    logs = target.logs()
    assert not controls(logs, "\n")
    assert not [line for line in logs.splitlines() if "forged" in line and line[:1] in "WI"]


# --- a room and the page of its archive -------------------------------------------------------


class Bones(HTMLParser):
    """What a page consists of, without any words: elements in order, and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and "class" not in dict(attrs) and "download" not in dict(attrs):
            self.links.append(dict(attrs)["href"] or "")
            assert dict(attrs)["rel"] == "noopener noreferrer nofollow"
            return  # what reads as an address becomes a link, and nothing else
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag != "a":
            self.found.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", ()))

    def handle_decl(self, decl: str) -> None:
        assert decl == "DOCTYPE html"

    def handle_pi(self, data: str) -> None:
        self.found.append(("instruction", ()))

    def unknown_decl(self, data: str) -> None:
        self.found.append(("declaration", ()))


def bones(folder: Path, said: str) -> Bones:
    """Return the bones of the page of a room in which everything has the same words."""
    scene = Scene(folder)
    try:
        scene.shelf.store.apply([PutPeople((PersonRow(OLENA, said[:32]),))])
        first = scene.say(said, via=said[:32])
        scene.say(said, reply=first)
        scene.picture(said[:120], caption=said, thumb=b"no picture")
        scene.document(said[:120], b"bytes", caption=said)
        body: dict[str, object] = {"what": "renamed", "was": said[:32], "now": said[:32]}
        scene.shelf.add(body, kind=EventKind.NOTICE, ts=NOON)
        scene.change(EventKind.REACT, of=first, emoji="👍", on=True)
        target = folder / "page.html"
        outcome: Outcome = scene.save(target, Format.PAGE, title=said)
        assert outcome.path == target
        return Bones(target.read_text("utf-8"))
    finally:
        scene.close()
        for one in folder.iterdir():
            one.unlink()


MARKUP = st.lists(
    st.sampled_from(
        ["<", ">", '"', "'", "&", "=", "/", "!--", "-->", "script", "img src=x onerror=y",
         "</title>", "</style>", "</bdi>", "]]>", "<![CDATA[", "<?", "&#60;", "&lt", "@",
         "https://a.b/", "javascript:", "data:text/html,", "mailto:a@b.c", "\\", "\n", "\r",
         "\x00", "\u202e", "\u2028", "\ufeff", "{", "}", "%s", "style=", "x", " ", "+ADw-", "ж"]
    ),
    min_size=1, max_size=12,
).map("".join)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(MARKUP)
def test_no_words_make_an_element_or_an_attribute(tmp_path: Path, said: str) -> None:
    said = f"x{said}"
    folder = tmp_path / "room"
    folder.mkdir(exist_ok=True)
    plain, lying = bones(folder, "x"), bones(folder, said)
    assert lying.found == plain.found
    for address in lying.links:
        link = link_of(address)
        assert link is not None and link.argument == address and address.isascii()
        assert address.startswith(("https://", "http://", "mailto:"))


# --- a message and the window -----------------------------------------------------------------

TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
WILD = st.text(
    st.one_of(
        st.sampled_from("\x1b\x9b\r\n\t\u202e\u2066\u061c\u200f\ufeff\u0301\u0e34\U000e0041\u200d"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=80,
)


@given(WILD)
def test_what_is_drawn_turns_nothing_around_and_piles_nothing_up(text: str) -> None:
    shown = clean(text)
    assert not TURNING & set(shown)
    assert not {one for one in shown if unicodedata.category(one) == "Cc"} - {"\n"}
    pile = 0
    for one in shown:
        pile = pile + 1 if unicodedata.category(one) == "Mn" and ord(one) < 0x370 else 0
        assert pile <= 4


@given(st.text(max_size=30), st.text(max_size=20))
def test_a_link_that_is_drawn_says_where_it_leads(before: str, rest: str) -> None:
    text = clean(f"https://{before}/{rest}")
    for line in wrap(text, 10_000, Grid()).lines:
        for at, run in enumerate(line.runs):
            if run.kind != "link":
                continue
            link = link_of(run.text)
            assert link is not None and run.target == link.url
            assert link.argument.isascii() and not set(link.argument) & set(" \"'`\\<>\n") - {"'"}
            # A port that is not there leads nowhere else.
            host = re.split(r"[/?#]", run.text.split("://")[1])[0].lower().removesuffix(":")
            if host != link.host:
                assert line.runs[at + 1].kind == "host" and link.host in line.runs[at + 1].text


@given(WILD)
def test_a_file_is_saved_under_a_name_that_shows_what_it_is(name: str) -> None:
    saved = safe_name(name, "file")
    assert saved == safe_name(saved, "file")
    assert not controls(saved) & set("\u202e\u2066\u061c\u200f\x1b\x9b\r\n")
    assert not set(saved) & set('/\\:*?"<>|') and not saved.startswith(".")


@pytest.mark.parametrize("nick", ["Аnna", "Αnna", "ᴀnna", "ＡＮＮＡ", "ꓮNNꓮ", "Аnnа"])
def test_nobody_takes_a_name_that_is_drawn_like_another(nick: str) -> None:
    assert skeleton(clean_nick(nick)) == skeleton("Anna")
