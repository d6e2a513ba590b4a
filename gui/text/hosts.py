"""Finds where a link in a text really leads: http and https only, the host in plain ASCII.

An address is read as browsers read it (a backslash is a slash, the host stands
behind the last ``@``), and the address that is opened is put together from
what was read, so that what is shown and what is opened cannot differ. Pure.
"""

import re
from dataclasses import dataclass

_PAIR = r"\([^\s<>\"'()\u0000-\u0020]*\)"
URL = (
    rf"https?://(?:[^\s<>\"'()\u0000-\u0020]|(?<=\w)'(?=\w)|{_PAIR})*"
    rf"(?:[^\s<>\"'().,;:!?\]}}\u0000-\u0020\u2026\u00bb\u201d]|{_PAIR})"
)
"""A regular expression of an address in a text.

Punctuation at its end is not part of it; brackets are, if they are opened and closed in it,
and so is an apostrophe in a word.
"""

_PARTS = re.compile(r"(https?)://([^/\\?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_PLAIN_NUMBERS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_PORT_MAX = 65_535
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")
"""Full stops of other scripts, which browsers take for a dot."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address that may be opened."""

    url: str
    """What to open: ASCII host, no name or password before it."""
    host: str
    """ASCII, in lower case, with the port if one is given."""
    odd: bool
    """The text shows another host than this one, or could be misread: show ``host`` too."""


def link_of(text: str) -> Link | None:
    """Read an address; None if it is none that can safely be opened."""
    match = _PARTS.fullmatch(text)
    if match is None:
        return None
    scheme, authority, rest = match.group(1).lower(), match.group(2), match.group(3)
    before, at, place = authority.rpartition("@")
    host, port = _split_port(place)
    ascii_host = _to_ascii(host)
    if not ascii_host or port is None:
        return None
    shown = f"{ascii_host}:{port}" if port else ascii_host
    odd = bool(at or before) or host.lower() != ascii_host or _misread(ascii_host)
    if rest.startswith("\\"):
        rest, odd = "/" + rest[1:], True
    return Link(f"{scheme}://{shown}{rest}", shown, odd)


def _split_port(place: str) -> tuple[str, str | None]:
    """Split off the port: "" if there is none, None if it is nonsense."""
    host, colon, port = place.rpartition(":")
    if not colon:
        return place, ""
    if not port:
        return host, ""
    if not port.isascii() or not port.isdigit() or int(port) > _PORT_MAX:
        return host, None
    return host, port


def _to_ascii(host: str) -> str:
    """Return a host as the network knows it, or an empty string."""
    host = host.lower().translate(_DOTS).removesuffix(".")
    if not host or len(host) > 253:
        return ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return ""
    return host if _HOST.fullmatch(host) else ""


def _misread(host: str) -> bool:
    """Whether an ASCII host is a number that browsers turn into another one."""
    last = host.rpartition(".")[2]
    number = last.isdigit() or last.startswith("0x")
    return number and (not _PLAIN_NUMBERS.fullmatch(host) or "0" in _leading(host))


def _leading(host: str) -> list[str]:
    """First digits of the parts of more than one digit: a leading 0 means octal."""
    return [part[0] for part in host.split(".") if len(part) > 1]
