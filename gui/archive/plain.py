"""Plain text: days, times, names and words, for any program that can show a text.

What somebody wrote never begins a line, so that nobody can write a message of somebody else.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import IO

from gui.archive import statement
from gui.archive.blobs import Blobs
from gui.archive.said import entry_of, line_of
from gui.archive.survey import Order, Source, Survey
from gui.text.textlayout import clean
from gui.words import orderwords, wording
from gui.words.i18n import Words
from protocol.client.happenings import Message
from protocol.codes import EventKind
from protocol.items import CHANGES, SAID, WITH_BLOB

_MARGIN = " " * 8


def write(
    file: IO[bytes], order: Order, found: Survey, source: Source, _blobs: Blobs, tr: Words,
    step: Callable[[int], None],
) -> int:  # fmt: skip
    """Write the archive and return how many events were gone through; may raise ``OSError``.

    ``step(n)`` is called after each ``n`` more events; what it raises ends the writing.
    """
    head = [
        line_of(order.title),
        tr("archive.people", names=", ".join(map(line_of, found.people.values()))),
        statement.period(tr, order, found),
        statement.count(tr, found),
        *statement.missing(tr, found),
        statement.made(tr, datetime.now()),
    ]
    _put(file, "\n".join(head) + "\n")
    events = 0
    today: date | None = None
    for page, messages in source.pages():
        parts: list[str] = []
        for message in messages:
            if message.kind in CHANGES:
                continue
            day = wording.day_of(message.ts)
            if day != today:
                parts.append(f"\n== {statement.day(tr, day)} ==\n")
                today = day
            parts.append(_message(tr, source, message))
        _put(file, "".join(parts))
        events += len(page)
        step(len(page))
    return events


def _message(tr: Words, source: Source, message: Message) -> str:
    clock = wording.clock(message.ts)
    if message.kind not in SAID:
        return f"{clock}  {line_of(wording.content(tr, entry_of(message)))}\n"
    name = line_of(source.name(message.person, message.nick))
    lines: list[str] = []
    reply = message.body.get("reply")
    if reply:
        answered = source.quoted(reply)
        lines.append(f"{_MARGIN}↳ {_quote(tr, source, answered)}")
    words = _words(tr, message).split("\n")
    lines += [f"{_MARGIN}{line}".rstrip() for line in words]
    for emoji, who in message.reactions:
        names = ", ".join(line_of(source.name(person)) for person in who)
        lines.append(f"{_MARGIN}[{line_of(emoji)} {names}]")
    mark = f" ({tr('archive.edited')})" if message.edited else ""
    via = message.body.get("via")
    if via:
        mark += f" ({tr('archive.forwarded', who=line_of(via))})"
    return f"{clock}  {name}{mark}:\n" + "\n".join(lines) + "\n"


def _quote(tr: Words, source: Source, answered: Message | None) -> str:
    if answered is None:
        return tr("archive.quote_gone")
    name = line_of(source.name(answered.person, answered.nick))
    return f"{name}: {line_of(wording.content(tr, entry_of(answered)))[:100]}"


def _words(tr: Words, message: Message) -> str:
    if message.deleted:
        return line_of(orderwords.gone(tr, entry_of(message)))
    if message.kind == EventKind.TEXT:
        return clean(message.body["text"])
    parts = []
    if message.kind in WITH_BLOB:
        size = wording.size(tr, message.body["size"])
        parts.append(f"[{line_of(message.body['name'])} · {size}]")
    caption = clean(message.body.get("caption") or "")
    return "\n".join([*parts, caption] if caption else parts)


def _put(file: IO[bytes], text: str) -> None:
    file.write(text.encode("utf-8", "replace"))
