"""What is in an archive: a page that is harmless and whole, lines that come back, plain text."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gui.archive import lines
from gui.archive.lines import ArchiveError, read
from gui.archive.page import linked
from gui.archive.style import POLICY, STYLE
from gui.archive.survey import Format
from gui.words.i18n import LANGUAGES
from protocol.client.operations import PersonRow, PutPeople
from protocol.codes import EventKind
from tests.gui.archives import NOON, Scene
from tests.protocol.client.shelf import EPOCH, GENERAL, ME, OLENA

_VOID = {"meta", "img"}
_ATTRIBUTES = {
    "html": {"lang"}, "meta": {"charset", "http-equiv", "content", "name"}, "a": {
        "href", "rel", "class", "download"}, "img": {"class", "src", "width", "height", "alt"},
    "div": {"class", "aria-hidden", "dir"}, "p": {"class", "id"}, "article": {"class", "id"},
    "header": {"class"}, "section": {"class"}, "ul": {"class"}, "li": {"class", "title"},
    "span": {"class"}, "time": {"datetime", "title"}, "head": set(), "title": set(),
    "style": set(), "body": set(), "h1": set(), "h2": set(), "main": set(), "bdi": set(),
    "b": set(), "footer": set(),
}  # fmt: skip
_HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "'\"><svg/onload=alert(1)>",
    "--><!-- ]]> <![CDATA[",
    "&lt;b&gt; &amp;#x3c;script",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "javascript:alert(1) data:text/html,<b>",
    'https://evil.example/"onclick="x https://a.b/<b> https://ok.example/a?b=1&c=2',
    "http://a b\x00c\x1b[31m\x7f\x85",
    "../../etc/passwd",
    "{who} {0} %s \\ \r\n\r\n",
)


class Page(HTMLParser):
    """Reads a page strictly: elements closed in order, only known attributes."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[tuple[str, str]] = []
        self.source = path.read_text("utf-8")
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _ATTRIBUTES, tag
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)) and set(names) <= _ATTRIBUTES[tag], (tag, attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    @property
    def text(self) -> str:
        return "".join(words for tag, words in self.words if tag != "style")

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    (tmp_path / "profile").mkdir()
    one = Scene(tmp_path / "profile")
    yield one
    one.close()


def saved(scene: Scene, tmp_path: Path, **wishes: Any) -> Page:
    target = tmp_path / "a.html"
    assert scene.save(target, **wishes).path == target
    return Page(target)


def test_the_page_has_all_that_was_said(scene: Scene, tmp_path: Path) -> None:
    scene.fill()
    found = saved(scene, tmp_path)
    for words in (
        "Привіт усім!", "Zażółć gęślą jaźń\nдругий рядок 👍🏽", "Message deleted", "сьогодні",
        "edited · ", "สวัสดีครับ", "forwarded from Сомчай", "ось кіт", "notes.txt", "Олена",
        "❤️", "A message that is not here", "People: Marko, Олена", "19 November 2026",
        "8 of 8 messages (events 1–14): nothing is missing", "2 pictures and files are in it.",
    ):  # fmt: skip
        assert words in found.text, words
    assert "not for long" not in found.source and "сьогодни" not in found.source
    assert [one["id"] for one in found.all("article")] == [
        f"m{n}" for n in (2, 3, 4, 5, 6, 7, 8, 14)
    ]
    assert {"class": "q", "href": "#m2"} in found.all("a")
    assert {"class": "y", "title": "Олена, Marko"} in found.all("li")
    assert "o" in found.all("article")[1]["class"].split()
    assert found.all("html") == [{"lang": "en"}]


def test_the_page_needs_nothing_and_may_nothing(scene: Scene, tmp_path: Path) -> None:
    scene.fill()
    found = saved(scene, tmp_path)
    policy = [one["content"] for one in found.all("meta") if "http-equiv" in one]
    assert policy == [POLICY] and policy[0].startswith("default-src 'none'; img-src data:;")
    style = "".join(words for tag, words in found.words if tag == "style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert style == STYLE and f"style-src 'sha256-{digest}'" in POLICY
    assert "url(" not in style and "@import" not in style and "unsafe" not in POLICY
    (image,) = found.all("img")
    head, _, data = image["src"].partition(",")
    assert head == "data:image/jpeg;base64" and base64.b64decode(data)[:2] == b"\xff\xd8"
    assert (image["width"], image["height"], image["alt"]) == ("200", "200", "cat.png")
    (document,) = [one for one in found.all("a") if "download" in one]
    assert document == {
        "download": "notes.txt",
        "href": f"data:application/octet-stream;base64,{base64.b64encode(b'hello').decode()}",
    }


def test_hostile_words_stay_words(scene: Scene, tmp_path: Path) -> None:
    for hostile in _HOSTILE:
        first = scene.say(hostile, via=hostile[:32])
        scene.say(hostile, person=ME, reply=first)
        name = hostile[:120]
        scene.picture(name, caption=hostile, thumb=b"no picture")
        scene.document(name, hostile.encode(), caption=hostile)
        scene.change(EventKind.REACT, of=first, emoji="👍", on=True)
        scene.shelf.add(
            {"what": "renamed", "was": hostile[:32], "now": hostile[:32]},
            kind=EventKind.NOTICE, ts=NOON,
        )  # fmt: skip
    lost = next(iter(scene.files))
    del scene.files[lost]
    for hostile in _HOSTILE:
        scene.shelf.store.apply([PutPeople((PersonRow(OLENA, hostile),))])
        found = saved(scene, tmp_path, title=hostile)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\x7f\x85]", found.source)
        for link in found.all("a"):
            if "download" in link:
                assert link["href"].startswith("data:application/octet-stream;base64,")
                assert not set(link["download"]) & set('/\\:*?"<>|\n')
            else:
                assert re.match(r"https?://[^\s]+$|#m\d+$", link["href"]), link
        for image in found.all("img"):
            assert re.match(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+$", image["src"])
    hrefs = {link["href"] for link in found.all("a") if link["href"].startswith("http")}
    assert "https://ok.example/a?b=1&c=2" in hrefs
    assert linked("(https://a@b.c/d_(e))") == (
        '(<a href="https://b.c/d_(e)" rel="noopener noreferrer nofollow">'
        "https://a@b.c/d_(e)</a> [b.c])"
    )
    assert linked("https://exa%6dple.org/ <") == "https://exa%6dple.org/ &lt;"
    assert "<script>alert(1)</script>" in found.text


def test_a_hostile_picture_is_not_embedded(scene: Scene, tmp_path: Path) -> None:
    scene.picture(thumb=b"GIF89a nonsense", **scene.blob(b"<svg onload=alert(1)>"))
    found = saved(scene, tmp_path)
    assert found.all("img") == [] and "cat.png" in found.text


def test_a_page_that_is_too_large_leaves_files_out_and_says_so(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.document("one.bin", b"1" * 600)
    scene.document("two.bin", b"2" * 600)
    monkeypatch.setattr("gui.archive.page.FILES_MAX_BYTES", 1000)
    found = saved(scene, tmp_path)
    assert [one["download"] for one in found.all("a")] == ["one.bin"]
    assert "Left out: the page would be too large" in found.text
    assert "the page takes up to 1000 B" in found.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("format", [Format.PAGE, Format.PLAIN])
def test_every_language_has_all_sentences(
    scene: Scene, tmp_path: Path, language: str, format: Format,
    logged_errors: object,
) -> None:  # fmt: skip
    scene.fill()
    outcome = scene.save(tmp_path / "a", format, language=language)
    assert outcome.whole
    text = (tmp_path / "a").read_text("utf-8")
    assert "archive." not in text and "wording." not in text
    if format is Format.PAGE:
        assert Page(tmp_path / "a").all("html") == [{"lang": language}]


# --- JSON Lines ---------------------------------------------------------------


def test_lines_come_back_as_they_were_stored(scene: Scene, tmp_path: Path) -> None:
    scene.fill()
    for raw in (
        b"\x93\x01\x81\xa4text\xa1x\x05",  # a later version may append
        b"\x92\x01\x82\xa4text\xa1x\xa1n\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",  # not a number
        b"\x92\x01\x81\xa4text\xd9\x01x",  # longer than it must be
        b"\x92\x60\x81\xa1x\x81\xa6base64\xa2AA",  # looks like bytes
        b"\x92\x60\x81\xa1x\xc4\x02\x00\xff",
        b"\xff\x00 not msgpack",
    ):
        scene.shelf.add({}, raw=raw, ts=NOON)
    big = scene.document("big.bin", bytes(range(256)) * 8192)
    lost = scene.document("lost.bin", b"lost")
    data = dict(scene.files)
    del scene.files[lost]
    target = tmp_path / "a.jsonl"
    assert scene.save(target, Format.LINES).path == target
    back = read(target)
    library = scene.shelf.library
    assert back.events == tuple(library.events(GENERAL, 0, 1 << 40, 1000))
    assert len(back.blobs) == 3 and back.blobs[big] == data[big]
    assert back.missing == {lost: "the server has lost it"}
    header = back.header
    assert base64.b64decode(header["room"]) == GENERAL
    assert base64.b64decode(header["epoch"]) == EPOCH
    assert (header["version"], header["first"], header["events"]) == (1, 1, len(back.events))
    assert [nick for _, nick in header["people"]] == ["Marko", "Олена"]
    assert base64.b64decode(header["people"][1][0]) == OLENA
    kept = target.read_text("utf-8").splitlines()
    assert json.loads(kept[2])["body"] == {"text": "Привіт усім! https://example.org/a?b=1&c=2"}
    assert all(len(line) < lines.LINE_MAX_BYTES for line in kept)


def test_what_is_not_whole_is_refused(scene: Scene, tmp_path: Path) -> None:
    scene.fill()
    target = tmp_path / "a.jsonl"
    scene.save(target, Format.LINES)
    good = target.read_bytes()
    kept = good.splitlines(keepends=True)
    read(target)
    for bad in (
        b"", b"{}\n", b"[]\n", b"null\n", b"\xff\xfe", good[:-1], good[: len(good) // 2],
        b"".join(kept[:-1]), b"".join(kept[:2] + kept[3:]), good + b"\n",
        good.replace("Привіт".encode(), "привіт".encode()), kept[0] + kept[-1],
        kept[0].replace(b'"version":1', b'"version":2') + b"".join(kept[1:]),
        kept[0] + b"[" * 100_000 + b"\n", kept[0] + b'{"seq":1}\n', b"x" * (5 << 20),
        kept[0] + b'{"blob":"zz","size":1,"at":0,"data":""}\n',
    ):  # fmt: skip
        target.write_bytes(bad)
        with pytest.raises(ArchiveError):
            read(target)
    with pytest.raises(ArchiveError):
        read(tmp_path / "missing")


# --- plain text -----------------------------------------------------------------


def test_plain_text(scene: Scene, tmp_path: Path) -> None:
    scene.fill()
    target = tmp_path / "a.txt"
    scene.save(target, Format.PLAIN)
    text = target.read_text("utf-8")
    assert "== 20 November 2026 ==" in text
    assert re.search(
        r"\d\d:\d\d  Marko \(edited\):\n        сьогодні\n        \[❤️ Олена, Marko\]", text
    )
    assert "↳ Олена: Привіт усім! https://example.org/a?b=1&c=2\n" in text
    assert re.search(r"\n {8}\[cat.png · \d+ B\]\n {8}ось кіт\n", text)
    assert "Message deleted" in text and "not for long" not in text


def test_nobody_can_write_a_line_of_somebody_else(scene: Scene, tmp_path: Path) -> None:
    scene.say("x\n12:00  Marko:\r\n12:01  Marko:\u2028== 1 May 2020 ==\x0b12:02  Marko:")
    scene.save(tmp_path / "a.txt", Format.PLAIN, title="general\n12:03  Marko:")
    text = (tmp_path / "a.txt").read_text("utf-8")
    assert not re.search(r"^(12:0\d  Marko|== 1 May)", text, re.MULTILINE)
