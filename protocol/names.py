"""Names that people choose: what a nickname or a room name may be, and which look alike.

A cleaned name is in NFC, trimmed, with single spaces, and holds nothing that is
invisible or that changes how the text around it is shown. Two nicknames with
one skeleton look alike and cannot both be taken. Pure; no I/O.
"""

import unicodedata

from protocol.errors import BadNameError
from protocol.limits import NICK_MAX_CHARS, ROOM_NAME_MAX_CHARS

RESERVED = ("admin", "system", "server", "here", "all", "everyone", "zviazok")
"""Words with which somebody could pose as the server or mean everybody."""

MARKS_MAX = 4
"""Combining marks in a row: Thai and Vietnamese need two; a tower of them hides other lines."""

_FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Letters, symbols and marks that show nothing; the format characters are in _FORBIDDEN.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)

# Emoji need these two; they are dropped from skeletons because elsewhere they show nothing.
_SELECTORS = "\ufe0e\ufe0f"
_OTHER_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE0E)))

# Cyrillic and Greek letters that are drawn as a Latin one in lower or in upper case: names
# compare without case, so н is h because Н is H. No two letters of one living alphabet meet
# here, and и, й, л, п, я and the like, which resemble nothing exactly, stay what they are.
_LIKE_LATIN = str.maketrans(
    dict(
        zip(
            # Cyrillic, then Greek.
            "авеіјкмнорстухѕԛԝһԁӏѵ" + "αβεζηικμνορτυχϲϳ",
            "abeijkmhopctyxsqwhdlv" + "abezhikmnoptyxcj",
            strict=True,
        )
    )
    # Both alphabets' own, Latin relatives of i and j, and a digit that is a letter.
    | {"γ": "г", "π": "п", "φ": "ф", "ı": "i", "ȷ": "j", "ɩ": "i", "ɑ": "a", "ɡ": "g", "з": "3"}
)
_NU_SMALL = "ν"  # drawn as Latin v, while its capital is drawn as N

_ONE_STROKE = str.maketrans("l1|0", "iiio")


def clean_nick(text: str) -> str:
    """Return the nickname as it is stored and shown; raise :class:`BadNameError`."""
    nick = _clean(text, "a nickname", NICK_MAX_CHARS)
    if _script_free(nick) in _RESERVED:
        words = f"the nickname {nick} is kept for the server; choose another one"
        raise BadNameError(words, "reserved")
    return nick


def clean_room_name(text: str) -> str:
    """Return the room name as it is stored and shown; raise :class:`BadNameError`."""
    return _clean(text, "a room name", ROOM_NAME_MAX_CHARS)


def skeleton(text: str) -> str:
    """Return what two names that look alike have in common; for comparison, never shown."""
    return _script_free(text).translate(_ONE_STROKE)


def _script_free(text: str) -> str:
    """Fold case, width and look-alikes of other alphabets, keeping every accent."""
    text = unicodedata.normalize("NFKC", text).replace(_NU_SMALL, "v").casefold()
    # Decomposed, ї is і with two dots and becomes ï; й is и with its breve and stays й.
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
    text = "".join(one for one in text.translate(_LIKE_LATIN) if one not in _SELECTORS)
    # A second dot on an i cannot be seen (it comes from the casefold of İ).
    return " ".join(unicodedata.normalize("NFC", text.replace("i\u0307", "i")).split())


_RESERVED = frozenset(map(_script_free, RESERVED))


def _clean(text: str, what: str, most: int) -> str:
    if len(text) > most * 4:
        raise BadNameError(f"{what} may have {most} characters", "long")
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise BadNameError(f"{what} must not be empty", "empty")
    if len(name) > most:
        raise BadNameError(f"{what} may have {most} characters", "long")
    marks = MARKS_MAX
    solid = False
    for one in name:
        category = unicodedata.category(one)
        if category in _FORBIDDEN or one in _BLANK or one in _OTHER_SELECTORS:
            words = f"{what} may not hold the invisible character U+{ord(one):04X}"
            raise BadNameError(words, "invisible")
        if category[0] == "M":
            marks += 1
            if marks > MARKS_MAX:
                raise BadNameError(f"{what} has accents with no letter below them", "accents")
        else:
            marks = MARKS_MAX if one == " " else 0
        solid = solid or category[0] in "LN"
    if name[0] in "@#":
        raise BadNameError(f"{what} may not start with {name[0]}", "start")
    if not solid:
        raise BadNameError(f"{what} must have a letter or a digit", "letters")
    return name
