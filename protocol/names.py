"""Names that people choose: what a nickname or a room name may be, and which look alike.

A cleaned name is in NFC, trimmed, with single spaces, and holds nothing that is
invisible or that changes how the text around it is shown. Two nicknames with
one skeleton look alike and cannot both be taken. Pure; no I/O.

The rules are those of the Nickname profile of PRECIS (RFC 8266), but for three things:
a name is kept in NFC, because NFKC tears the Thai vowel ำ apart (names are compared
in NFKC, as the profile wants it); the two signs that choose the look of an emoji may
stand in a name; and signs that the profile allows only beside certain letters, such as
``·``, may stand anywhere.
"""

import re
import unicodedata
from functools import lru_cache

from protocol.errors import BadNameError
from protocol.limits import NICK_MAX_CHARS, ROOM_NAME_MAX_CHARS

RESERVED = (
    "admin", "administrator", "moderator", "system", "server", "here", "all", "everyone", "zviazok",
    "адмін", "адміністратор", "система", "усі", "всі",
    "админ", "администратор", "модератор", "сервер", "все",
    "serwer", "wszyscy",
    "ผู้ดูแลระบบ", "ระบบ", "ทุกคน",
)  # fmt: skip
"""Words with which somebody could pose as the server or mean everybody, in five languages."""

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

# What RFC 8264 disallows beyond that: lines that only lengthen a word, marks that turn letters
# around, and the parts of Korean syllables, which are drawn as the syllable that they make.
_DISALLOWED = frozenset(
    "\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b"
    + "".join(map(chr, (*range(0x1100, 0x1200), *range(0xA960, 0xA97D), *range(0xD7B0, 0xD7FC))))
)

# Letters of other alphabets that are drawn as a Latin one in lower or in upper case: names
# compare without case, so н is h because Н is H. No two letters of one living alphabet meet
# here, and и, й, л, п, я and the like, which resemble nothing exactly, stay what they are.
# Checked against the table of Unicode Technical Standard #39.
_LIKE_LATIN = str.maketrans(
    dict(
        zip(
            "авеіјкмнорстухѕԛԝһԁӏѵԍѡ"  # Cyrillic
            "αβεζηικμνορτυχϳ"  # Greek
            "աոսօզհցյ"  # Armenian
            "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"  # small capitals
            "ɩɑɡĸɯꞵꭓǀᴦ"  # other Latin letters
            "ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᎩᏃ"  # Cherokee
            "ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ"  # Lisu
            "ⲁⲃⲥⲉⲏⲓⲕⲙⲛⲟⲣⲧⲩⲭⲍ",  # Coptic
            "abeijkmhopctyxsqwhdlvgw"
            "abezhikmnoptyxj"
            "wnuoqhgj"
            "abcdefghijklmnoprstuvwyz"
            "iagkwbxlr"
            "abcdeghijklmprstvwyz"
            "abcdefghijklmnoprstuvwxyz"
            "abcehikmnoptyxz",
            strict=True,
        )
    )
    # Both alphabets' own, letters of two alphabets that are one, and digits that are letters.
    | {"γ": "г", "π": "п", "φ": "ф", "ɸ": "ф", "ѱ": "ψ", "ə": "ә", "ǝ": "ә", "ɛ": "ԑ", "ƅ": "ь"}
    | {"ϸ": "þ", "ı": "i", "ȷ": "j", "з": "3", "ɜ": "3", "ȝ": "3", "ƨ": "2", "ƽ": "5", "ȣ": "8"}
    # Persian digits and Arabic ones; the two ways to type one Arabic letter.
    | {chr(0x6F0 + one): chr(0x660 + one) for one in range(10)}
    | {"\u06a9": "\u0643"}
    # Marks beside letters: whatever keyboard they are typed with.
    | dict.fromkeys("\u2018\u2019\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u02c8\u00b4", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u02d7", "-")
    | dict.fromkeys("\u00b7\u2022\u2027\u30fb\u0387", "\u00b7")
)
_BEFORE = str.maketrans({"ν": "v", "ϲ": "c", "Ϲ": "C"})
"""What NFKC or the folding of case would turn into something that looks different."""

_ONE_STROKE = str.maketrans("l1|0", "iiio")

# Alike at a glance only, or letters of one living alphabet: enough for a warning.
_AT_A_GLANCE = str.maketrans(
    {
        "`": "'",
        "г": "r",
        "б": "6",
        "ү": "y",
        "ҽ": "e",
        "ӡ": "3",
        "ʋ": "u",
        "ɣ": "y",
        "σ": "o",
        "գ": "q",
    }
    | {"ռ": "n", "ь": "b", "æ": "ae", "ӕ": "ae", "œ": "oe", "ы": "bi", "ю": "io", "ß": "b"}
)

_WITH_TWINS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "LISU", "COPTIC"})
"""Alphabets that have letters in common as far as the eye can tell."""
_WORD = re.compile(r"[^\W_]+")


def clean_nick(text: str) -> str:
    """Return the nickname as it is stored and shown; raise :class:`BadNameError`."""
    nick = _clean(text, "a nickname", NICK_MAX_CHARS)
    if skeleton(nick) in _RESERVED:
        words = f"the nickname {nick} is kept for the server; choose another one"
        raise BadNameError(words, "reserved")
    return nick


def clean_room_name(text: str) -> str:
    """Return the room name as it is stored and shown; raise :class:`BadNameError`."""
    return _clean(text, "a room name", ROOM_NAME_MAX_CHARS)


def skeleton(text: str) -> str:
    """Return what two names that look alike have in common; for comparison, never shown."""
    return _script_free(text).translate(_ONE_STROKE)


@lru_cache(maxsize=8192)
def resemblance(text: str) -> str:
    """Return what names have in common that one can take for each other in passing.

    Names with one skeleton have one resemblance, but others have, too (``Barney``,
    ``Bamey``): it is good for a warning, not for a refusal.
    """
    near = _script_free(text).translate(_AT_A_GLANCE)
    for pair, one in (("rn", "m"), ("vv", "w")):
        near = near.replace(pair, one)
    return near.translate(_ONE_STROKE)


@lru_cache(maxsize=8192)
def mixed_word(name: str) -> str:
    """Return the first word, without accents, of alphabets that share their looks, or "".

    A Latin word with one Cyrillic letter can pass for another one, so it is marked wherever
    it is shown; it is not forbidden. Words of different alphabets beside each other, Latin
    letters beside Thai, Chinese, Japanese or Korean ones are as people write.
    """
    if name.isascii():
        return ""
    # Without accents, which would end a word; a digit inside of one may stand for a letter.
    letters = unicodedata.normalize("NFKD", name)
    plain = "".join(one for one in letters if unicodedata.category(one)[0] != "M")
    for match in _WORD.finditer(plain):
        found = {unicodedata.name(one, "").partition(" ")[0] for one in match.group()}
        if len(found & _WITH_TWINS) > 1:
            return match.group()
    return ""


def _script_free(text: str) -> str:
    """Fold case, width and look-alikes of other alphabets, keeping every accent."""
    text = unicodedata.normalize("NFKC", text.translate(_BEFORE)).casefold()
    # Decomposed, ї is і with two dots and becomes ï; й is и with its breve and stays й.
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
    text = "".join(one for one in text.translate(_LIKE_LATIN) if one not in _SELECTORS)
    # A second dot on an i cannot be seen (it comes from the casefold of İ).
    return " ".join(unicodedata.normalize("NFC", text.replace("i\u0307", "i")).split())


_RESERVED = frozenset(map(skeleton, RESERVED))


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
        if one in _DISALLOWED:
            words = f"{what} may not hold the character U+{ord(one):04X}"
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
