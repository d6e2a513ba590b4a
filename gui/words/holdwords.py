"""Sentences about what holds in a room, and why nothing can be said there. Pure.

``tr`` is :class:`gui.words.i18n.Words`. Times are shown in the local zone of this machine.
"""

from datetime import date

from gui.chat.standing import Standing
from gui.words import wording
from gui.words.i18n import Words
from gui.words.orderwords import RULES, left, span


def until(tr: Words, ts: int, today: date) -> str:
    """Return a time to come: its clock if it is today, else the day too."""
    return wording.clock(ts) if wording.day_of(ts) == today else wording.when(tr, ts, today)


def holding(tr: Words, stand: Standing, today: date) -> list[str]:
    """Return what holds in a room, the hardest first; each is a sentence without an end."""
    order, lines = stand.order, []
    if stand.muted:
        lines.append(tr("order.hold_muted_until", when=until(tr, stand.muted, today)))
    elif stand.muted is not None:
        lines.append(tr("order.hold_muted"))
    if stand.apart:
        lines.append(tr(f"order.hold_apart_{stand.apart:d}", room=stand.apart_of))
    rules = []
    if order.paused:
        rules.append(tr("order.hold_paused"))
    if order.announce:
        rules.append(tr("order.hold_announce"))
    if order.slow_s and stand.slow_left_s and stand.may_say:
        rules.append(tr("order.hold_slow_left", left=left(tr, stand.slow_left_s)))
    elif order.slow_s:
        rules.append(tr("order.hold_slow", time=span(tr, order.slow_s)))
    if order.direct in RULES[1:]:
        rules.append(tr(f"order.hold_direct_{order.direct}"))
    if rules and stand.in_charge and not lines:
        rules.append(tr("order.hold_not_you"))
    return lines + rules


def kept_from(tr: Words, stand: Standing, today: date) -> str:
    """Return why nothing can be said just now, or "" if it can."""
    if stand.may_say:
        if not stand.slow_left_s:
            return ""
        return tr("order.wait_slow", left=left(tr, stand.slow_left_s))
    return holding(tr, stand, today)[0]
