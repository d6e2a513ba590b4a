"""Days as people type them in each language. Pure."""

import re
from datetime import date
from typing import Final

_BUDDHIST_YEARS: Final = 543
_ISO = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
_OURS = re.compile(r"(\d{1,2})[-./](\d{1,2})[-./](\d{4})")


def written(language: str, day: date) -> str:
    """Return a day in the form of the language, with Thai years counted as in Thailand."""
    if language == "en":
        return day.isoformat()
    if language == "th":
        return f"{day.day:02}/{day.month:02}/{day.year + _BUDDHIST_YEARS}"
    return f"{day.day:02}.{day.month:02}.{day.year}"


def read(language: str, text: str) -> date | None:
    """Return the day that was typed, in the form of the language or year first; None: no day."""
    text = text.strip()
    if match := _ISO.fullmatch(text):
        year, month, day = map(int, match.groups())
    elif match := _OURS.fullmatch(text):
        day, month, year = map(int, match.groups())
    else:
        return None
    if language == "th" and year > 2300:
        year -= _BUDDHIST_YEARS
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    # Where clocks and calendars of all systems agree, with room for a zone at both ends.
    return found if 1971 <= found.year <= 2999 else None
