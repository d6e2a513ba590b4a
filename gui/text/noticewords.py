"""Gathers notices that followed each other into one quiet sentence. Pure."""

from collections.abc import Sequence

from gui.chat.room import Entry
from gui.words import orderwords, wording
from gui.words.i18n import Words

NAMES_MAX = 3
"""More people than this are counted rather than named."""
GATHERED = ("joined", "left")
"""Notices of many people that are told in one sentence."""


def gathered(tr: Words, entries: Sequence[Entry]) -> str:
    """Return what a row of notices says: who joined, who left, and the others one by one.

    What was done to keep order has lines of its own.
    """
    parts: list[str] = []
    done: set[str] = set()
    for entry in entries:
        what = str(entry.body.get("what", ""))
        if what not in GATHERED:
            parts.append(wording.notice(tr, entry))
        elif what not in done:
            done.add(what)
            same = [one for one in entries if one.body.get("what") == what]
            parts.append(_who(tr, what, same))
    order = any(orderwords.notice(tr, one) for one in entries)
    return ("\n" if order else " · ").join(dict.fromkeys(parts))


def _who(tr: Words, what: str, entries: Sequence[Entry]) -> str:
    """Return one sentence about all who did the same."""
    names = list({entry.person: entry.nick for entry in entries}.values())
    if len(names) == 1:
        return wording.notice(tr, entries[0])
    if len(names) <= NAMES_MAX:
        return tr(f"timeline.{what}_all", who=", ".join(names[:-1]), other=names[-1])
    shown = ", ".join(names[: NAMES_MAX - 1])
    return tr(f"timeline.{what}_many", len(names) - NAMES_MAX + 1, who=shown)
