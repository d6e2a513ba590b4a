"""Finds where a link in a text really leads: http, https and mailto, the host in plain ASCII.

An address is read as browsers read it (a backslash is a slash, the host stands
behind the last ``@``), and the address that is opened is put together from
what was read, so that what is shown and what is opened cannot differ. Of a mail address
only the address is taken: what may follow it fills in a letter, or adds a file. Pure.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

_PAIR = r"\([^\s<>\"'()\u0000-\u0020]*\)"
URL: Final = (
    rf"https?://(?:[^\s<>\"'()\u0000-\u0020]|(?<=\w)'(?=\w)|{_PAIR})*"
    rf"(?:[^\s<>\"'().,;:!?\]}}\u0000-\u0020\u2026\u00bb\u201d]|{_PAIR})"
    r"|mailto:[\w.!#$%&*+/=?^`{|}~-]{1,64}@\w(?:[\w.-]{0,252}\w)?"
)
"""A regular expression of an address in a text.

Punctuation at its end is not part of it; brackets are, if they are opened and closed in it,
and so is an apostrophe in a word.
"""

_ANY = re.compile(URL, re.IGNORECASE)
_PARTS = re.compile(r"(https?)://([^/\\?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_MAIL = re.compile(r"mailto:([a-z0-9.!#$%&*+/=?^_`{|}~-]{1,64})@([^@]+)", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_PLAIN_NUMBERS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_PORT_MAX = 65_535
_KEPT = "!#$%&'()*+,-./:;=?@[]_~"
"""What may stand in an address as it is; the sign % stands for itself, or begins a code."""
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")
"""Full stops of other scripts, which browsers take for a dot."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address that may be opened."""

    url: str
    """What to open: ASCII host, no name or password before it."""
    host: str
    """ASCII, in lower case, with the port if one is given; the whole address of a mail."""
    odd: bool
    """The text shows another host than this one, or could be misread: show ``host`` too."""

    @property
    def argument(self) -> str:
        """The address as other programs are given it: nothing in it but what addresses have."""
        return quote(self.url, safe=_KEPT)


def link_of(text: str) -> Link | None:
    """Read an address; None if it is none that can safely be opened."""
    match = _PARTS.fullmatch(text)
    if match is None:
        return _mail_of(text)
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


def with_hosts(text: str) -> str:
    """Return a text with ``[host]`` behind every link that could be misread."""

    def shown(match: re.Match[str]) -> str:
        link = link_of(match.group())
        return f"{match.group()} [{link.host}]" if link is not None and link.odd else match.group()

    return _ANY.sub(shown, text)


def _mail_of(text: str) -> Link | None:
    match = _MAIL.fullmatch(text)
    host = _to_ascii(match.group(2)) if match else ""
    if match is None or not host:
        return None
    address = f"{match.group(1)}@{host}"
    return Link(f"mailto:{address}", address, host != match.group(2).lower())


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
