"""One HTML page that looks like the chat and needs nothing but itself.

Pictures and files are in it as ``data:`` URIs, up to a size that it states. Everything that
people wrote is escaped and kept apart from the words around it; its policy forbids scripts
and the network, so that reading it tells nobody anything.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from html import escape
from typing import IO, Final

from gui.archive import statement
from gui.archive.blobs import SHOWN_PX, Blobs, picture_uri, shown_size, uri
from gui.archive.said import entry_of, initial, line_of
from gui.archive.style import POLICY, STYLE
from gui.archive.survey import Order, Source, Survey
from gui.desktop.filenames import safe_name
from gui.paint.pictures import PictureError
from gui.paint.theme import LIGHT
from gui.text.textlayout import clean
from gui.words import orderwords, wording
from gui.words.i18n import Words
from protocol.client.happenings import Message
from protocol.codes import EventKind
from protocol.hosts import URL, link_of
from protocol.items import CHANGES, SAID

FILES_MAX_BYTES: Final = 200 * 1024 * 1024
"""Pictures and files of one page in all: what a browser opens without trouble."""
_GROUP_MS: Final = 10 * 60 * 1000
_QUOTE_CHARS: Final = 160
_URL = re.compile(URL, re.IGNORECASE)


def write(
    file: IO[bytes], order: Order, found: Survey, source: Source, blobs: Blobs, tr: Words,
    step: Callable[[int], None],
) -> int:  # fmt: skip
    """Write the page and return how many events were gone through; may raise ``OSError``.

    ``step(n)`` is called after each ``n`` more events; what it raises ends the writing.
    """
    return _Page(file, order, found, source, blobs, tr).write(step)


def text(words: str) -> str:
    """Return a stranger's words for the inside of an element or an attribute."""
    return escape(clean(words), quote=True)


def name(words: str) -> str:
    """Return a stranger's words on one line, whose direction reaches no further than they do."""
    return f"<bdi>{escape(line_of(words), quote=True)}</bdi>"


def linked(words: str) -> str:
    """Return a text with its web addresses as links, and where an odd one leads behind it."""
    words = clean(words)
    parts: list[str] = []
    at = 0
    for match in _URL.finditer(words):
        link = link_of(match.group())
        if link is None:
            continue
        shown, address = (escape(one, quote=True) for one in (match.group(), link.argument))
        parts.append(escape(words[at : match.start()], quote=True))
        parts.append(f'<a href="{address}" rel="noopener noreferrer nofollow">{shown}</a>')
        if link.odd:
            parts.append(escape(f" [{link.host}]", quote=True))
        at = match.end()
    parts.append(escape(words[at:], quote=True))
    return "".join(parts)


class _Page:
    def __init__(
        self, file: IO[bytes], order: Order, found: Survey, source: Source, blobs: Blobs, tr: Words
    ) -> None:
        self._file = file
        self._order = order
        self._found = found
        self._source = source
        self._blobs = blobs
        self._tr = tr
        self._day: date | None = None
        self._last: Message | None = None
        self._embedded = 0

    def write(self, step: Callable[[int], None]) -> int:
        self._put(self._head())
        events = 0
        for page, messages in self._source.pages():
            for message in messages:
                if message.kind not in CHANGES:
                    self._put(self._row(message))
                    if self._embedded:
                        step(0)
            events += len(page)
            step(len(page))
        self._put(self._foot())
        return events

    def _put(self, markup: str) -> None:
        self._file.write(markup.encode("utf-8", "replace"))

    # --- around the messages ----------------------------------------------------

    def _head(self) -> str:
        tr, found, order = self._tr, self._found, self._order
        title = escape(line_of(order.title), quote=True)
        people = ", ".join(map(name, found.people.values()))
        gone = "".join(
            f'<p class="gone">{escape(line_of(one))}</p>' for one in statement.missing(tr, found)
        )
        files = ""
        if order.pictures and found.blobs:
            most = wording.size(tr, FILES_MAX_BYTES)
            said = [*statement.blobs(tr, self._blobs.there, len(self._blobs.missing))]
            said.append(tr("archive.page_limit", size=most, side=SHOWN_PX * 2))
            files = f"<p>{escape(' '.join(said))}</p>"
        return (
            f'<!DOCTYPE html>\n<html lang="{tr.language}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            f'<header class="top"><div>\n<h1>{name(order.title)}</h1>\n'
            f"<p>{escape(tr('archive.people', names=chr(0))).replace(chr(0), people)}</p>\n"
            f"<p>{escape(statement.period(tr, order, found))}</p>\n"
            f'<p class="count">{escape(statement.count(tr, found))}</p>\n{gone}{files}'
            f"<p>{escape(statement.made(tr, datetime.now()))}</p>\n</div></header>\n<main>\n"
        )

    def _foot(self) -> str:
        close = "</section>\n" if self._day is not None else ""
        words = escape(statement.count(self._tr, self._found))
        return f'{close}</main>\n<p class="foot">{words}</p>\n</body>\n</html>\n'

    def _row(self, message: Message) -> str:
        day = wording.day_of(message.ts)
        before = ""
        if day != self._day:
            close = "</section>\n" if self._day is not None else ""
            words = escape(statement.day(self._tr, day))
            before = f'{close}<section class="day">\n<h2>{words}</h2>\n'
            self._day, self._last = day, None
        if message.kind in SAID:
            row = self._said(message, self._is_first(message))
            self._last = message
        else:
            notice = escape(line_of(wording.content(self._tr, entry_of(message))), quote=True)
            row = f'<p class="note" id="m{message.seq}"><bdi>{notice}</bdi></p>\n'
            self._last = None
        return before + row

    def _is_first(self, message: Message) -> bool:
        last = self._last
        if last is None or last.person != message.person:
            return True
        return not 0 <= message.ts - last.ts < _GROUP_MS

    # --- one message ------------------------------------------------------------

    def _said(self, message: Message, first: bool) -> str:
        nick = self._source.name(message.person, message.nick)
        colour = self._colour(message.person)
        letters = escape(initial(nick), quote=True) if first else ""
        kinds = "m" + (" o" if message.own else "") + (" f" if first else "")
        empty = "" if first else " e"
        author = f'<div class="n c{colour}">{name(nick)}</div>' if first else ""
        return (
            f'<article class="{kinds}" id="m{message.seq}">'
            f'<div class="a c{colour}{empty}" aria-hidden="true">{letters}</div>'
            f'<div class="b">{author}{self._via(message)}{self._quote(message)}'
            f"{self._content(message)}{self._reactions(message)}{self._time(message)}"
            "</div></article>\n"
        )

    def _colour(self, person: bytes) -> int:
        known = self._source.looks.get(person)
        chosen = known.colour if known is not None else 0
        index = chosen - 1 if chosen > 0 else (person[0] if person else 0)
        return index % len(LIGHT.people)

    def _via(self, message: Message) -> str:
        via = message.body.get("via")
        if not via:
            return ""
        words = escape(self._tr("archive.forwarded", who=chr(0))).replace(chr(0), name(via))
        return f'<div class="s">{words}</div>'

    def _quote(self, message: Message) -> str:
        seq = message.body.get("reply")
        if not seq:
            return ""
        answered = self._source.quoted(seq)
        if answered is None:
            return f'<div class="q x">{escape(self._tr("archive.quote_gone"))}</div>'
        words = wording.content(self._tr, entry_of(answered))[:_QUOTE_CHARS]
        who = name(self._source.name(answered.person, answered.nick))
        inside = f"<b>{who}</b>{name(words)}"
        if self._found.first <= seq <= self._found.last:
            return f'<a class="q" href="#m{seq}">{inside}</a>'
        return f'<div class="q">{inside}</div>'

    def _content(self, message: Message) -> str:
        body = message.body
        if message.deleted:
            return f'<div class="t x">{name(orderwords.gone(self._tr, entry_of(message)))}</div>'
        if message.kind == EventKind.TEXT:
            return f'<div class="t" dir="auto">{linked(body["text"])}</div>'
        shown = (
            self._picture(message) if message.kind == EventKind.IMAGE else self._document(message)
        )
        caption = body.get("caption")
        return shown + (f'<div class="t" dir="auto">{linked(caption)}</div>' if caption else "")

    def _picture(self, message: Message) -> str:
        body = message.body
        note = ""
        data = self._data(message)
        if data is None:
            data = body["thumb"]
            note = f'<span class="s w">{self._why(message)}</span>'
        try:
            source = picture_uri(data)
        except PictureError:
            return self._label(message) + (note or f'<span class="s w">{self._why(message)}</span>')
        width, height = shown_size(body["width"], body["height"])
        return (
            f'<img class="p" src="{source}" width="{width}" height="{height}"'
            f' alt="{escape(line_of(body["name"]), quote=True)}">{note}'
        )

    def _document(self, message: Message) -> str:
        data = self._data(message)
        if data is None:
            return f'{self._label(message)}<span class="s w">{self._why(message)}</span>'
        # Never the media type that somebody claims: a browser must save it, not run it.
        address = uri("application/octet-stream", data)
        called = escape(safe_name(message.body["name"], "file"), quote=True)
        return self._label(message, f'<a download="{called}" href="{address}">', "</a>")

    def _label(self, message: Message, before: str = "", after: str = "") -> str:
        size = escape(wording.size(self._tr, message.body["size"]))
        inside = f"{before}{name(message.body['name'])}{after}"
        return f'<span class="w">{inside} <span class="s">{size}</span></span>'

    def _data(self, message: Message) -> bytes | None:
        """Return the bytes of a picture or a file, if they are there and the page has room."""
        if not self._order.pictures or self._embedded + message.body["size"] > FILES_MAX_BYTES:
            return None
        data = self._blobs.read(message.body["sha256"], self._tr("archive.damaged"))
        self._embedded += len(data or b"")
        return data

    def _why(self, message: Message) -> str:
        """Return why a picture or a file is not in the page."""
        why = self._blobs.missing.get(message.body["sha256"], "")
        if not self._order.pictures:
            why = self._tr("archive.not_asked")
        elif not why:
            why = self._tr("archive.page_full")
        return escape(line_of(why), quote=True)

    def _reactions(self, message: Message) -> str:
        parts = []
        for emoji, who in message.reactions:
            names = ", ".join(line_of(self._source.name(person)) for person in who)
            own = ' class="y"' if self._source.me in who else ""
            count = f" {len(who)}" if len(who) > 1 else ""
            parts.append(f'<li{own} title="{escape(names, quote=True)}">{name(emoji)}{count}</li>')
        return f'<ul class="r">{"".join(parts)}</ul>' if parts else ""

    def _time(self, message: Message) -> str:
        at = datetime.fromtimestamp(message.ts / 1000).astimezone()
        edited = f"{escape(self._tr('archive.edited'))} · " if message.edited else ""
        return (
            f'<footer>{edited}<time datetime="{at.isoformat(timespec="seconds")}"'
            f' title="{escape(wording.when(self._tr, message.ts, date(1, 1, 1)))}">'
            f"{at:%H:%M}</time></footer>"
        )
