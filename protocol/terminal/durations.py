"""Lengths of time as people type and read them: ``30s``, ``10m``, ``2h``, ``1d``. Pure."""

import re
from typing import Final

from protocol.limits import MUTE_MAX_S

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_TYPED = re.compile(r"([1-9][0-9]{0,7})([smhd])", re.ASCII)

EXAMPLE: Final = "a time is written as 30s, 10m, 2h or 1d"


def seconds_of(text: str, most_s: int = MUTE_MAX_S) -> int | None:
    """Return the seconds of ``30s``, ``10m``, ``2h`` or ``1d``; None if it is no time.

    Raises ``ValueError`` for more than ``most_s``, with one line.
    """
    found = _TYPED.fullmatch(text)
    if found is None:
        return None
    seconds = int(found[1]) * _UNITS[found[2]]
    if seconds > most_s:
        raise ValueError(f"{text} is too long: at most {spelled(most_s)}")
    return seconds


def spelled(seconds: int) -> str:
    """Return a length of time as people read it: ``1h 30m``."""
    parts = []
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"
