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
    done: set[tuple[str, bytes]] = set()
    for entry in entries:
        alike = _alike(entry)
        if alike[0] not in GATHERED:
            parts.append(wording.notice(tr, entry))
        elif alike not in done:
            done.add(alike)
            parts.append(_who(tr, alike[0], [one for one in entries if _alike(one) == alike]))
    order = any(orderwords.notice(tr, one) for one in entries)
    return ("\n" if order else " · ").join(dict.fromkeys(parts))


def _alike(entry: Entry) -> tuple[str, bytes]:
    """Return what happened, and who brought it about if it was somebody else."""
    return str(entry.body.get("what", "")), bytes(entry.body.get("who") or b"")


def _who(tr: Words, what: str, entries: Sequence[Entry]) -> str:
    """Return one sentence about all who did the same."""
    names = list({entry.person: entry.nick for entry in entries}.values())
    if len(names) == 1:
        return wording.notice(tr, entries[0])
    if entries[0].body.get("who"):
        more = len(names) - NAMES_MAX
        shown = ", ".join(names[:NAMES_MAX]) + (f" +{more}" if more > 0 else "")
        return tr("order.notice_added", who=str(entries[0].body.get("nick") or "?"), nick=shown)
    if len(names) <= NAMES_MAX:
        return tr(f"timeline.{what}_all", who=", ".join(names[:-1]), other=names[-1])
    shown = ", ".join(names[: NAMES_MAX - 1])
    return tr(f"timeline.{what}_many", len(names) - NAMES_MAX + 1, who=shown)
