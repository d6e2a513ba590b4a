"""What an archive says of itself: how much is in it, of which days, and what is missing. Pure."""

from datetime import date, datetime

from gui.archive.survey import Order, Survey
from gui.words import wording
from gui.words.i18n import Words

_NO_DAY = date(1, 1, 1)
"""As "today": dates in a file are written out, because tomorrow they are not of today."""


def day(tr: Words, of: date) -> str:
    """Return a date with its year."""
    return wording.day_line(tr, of, _NO_DAY)


def count(tr: Words, found: Survey) -> str:
    """Return how many messages it has, compared with the journal."""
    number = tr.number
    events = {"first": number(found.first), "last": number(found.last)}
    if found.holes:
        head = number(max(found.info.head, found.last))
        return tr("archive.count_part", found.messages, head=head, **events)
    return tr("archive.count_whole", found.messages, **events)


def missing(tr: Words, found: Survey) -> list[str]:
    """Return a line for each stretch of events that is not there, with the reason."""
    lines = []
    for hole in found.holes:
        why = hole.why or tr("archive.not_held")
        first, last = tr.number(hole.first), tr.number(hole.last)
        lines.append(tr("archive.missing", first=first, last=last, why=why))
    return lines


def period(tr: Words, order: Order, found: Survey) -> str:
    """Return the days from the first message to the last one."""
    first, last = wording.day_of(found.began_ms), wording.day_of(found.ended_ms)
    days = day(tr, first) if first == last else f"{day(tr, first)} – {day(tr, last)}"
    asked = order.since is not None or order.until is not None
    return tr("archive.period_chosen" if asked else "archive.period_whole", days=days)


def blobs(tr: Words, there: int, left_out: int) -> list[str]:
    """Return what became of pictures and files."""
    lines = [tr("archive.blobs", there)] if there else []
    if left_out:
        lines.append(tr("archive.blobs_missing", left_out))
    return lines


def made(tr: Words, now: datetime) -> str:
    """Return when it was written."""
    return tr("archive.made", day=day(tr, now.date()), clock=now.strftime("%H:%M"))
