"""Invite links and network addresses: read strictly, written one way.

A link is ``zviazok://HOST:PORT[,HOST:PORT…]/#KEY[.TOKEN]``: the addresses of
gateways, the server's public key and, for newcomers, the token that lets them
in. Key and token stand behind the ``#``, where programs that treat the link as
a web address do not send them on. No state and no I/O; any thread.
"""

import ipaddress
import re
from dataclasses import dataclass, field, replace

from protocol.errors import LinkError, SetupError
from protocol.keys import KEY_BYTES, from_text, to_text
from protocol.limits import TOKEN_MAX_CHARS

SCHEME = "zviazok://"
LINK_VARIABLE = "ZVIAZOK_LINK"
"""Names the environment variable that may hold the link: unlike a program's words, the environment
can be read by its owner alone."""
OWNER_VARIABLE = "ZVIAZOK_OWNER"
"""Names the one that may hold another link to the same server, which makes whoever joins with it
its owner; a program greets with it, and never shows or keeps it."""

DEFAULT_PORT = 8080
ADDRESSES_MAX = 64
"""As many as WELCOME may name."""

COUNTED_PREFIX = "C"
"""How the token of a counted invite begins."""
DEVICE_PREFIX = "L"
"""How the token of a device link begins."""
FOR_SOME_PREFIXES = (COUNTED_PREFIX, DEVICE_PREFIX)
"""How tokens begin that were made for certain people; a server's standing token has neither."""

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_EXAMPLE = "such as 192.168.1.20:8080"


@dataclass(frozen=True, slots=True)
class Invite:
    """What a link says. ``str(invite)`` is the link; the token is never shown in ``repr``."""

    addresses: tuple[str, ...]
    """``HOST:PORT`` each, IPv6 as ``[::1]:8080``; at least one."""
    server_key: bytes
    """32 raw bytes."""
    token: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Invite":
        """Read a link as people paste it; raise :class:`LinkError` that says what is wrong."""
        link = text.strip().strip("<>\"'").strip()
        if link[: len(SCHEME)].lower() != SCHEME:
            raise LinkError(f"an invite link starts with {SCHEME}; copy it whole")
        place, mark, secret = link[len(SCHEME) :].partition("#")
        if not mark or not secret:
            raise LinkError("the invite link has no key behind a #; copy it whole")
        key_text, dot, token = secret.partition(".")
        try:
            key = from_text(key_text)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise LinkError("the key in the invite link is damaged; copy the link whole")
        if dot and (len(token) > TOKEN_MAX_CHARS or _TOKEN.fullmatch(token) is None):
            raise LinkError("the token at the end of the invite link is damaged; copy it whole")
        parts = place.removesuffix("/").split(",")
        if len(parts) > ADDRESSES_MAX:
            raise LinkError(f"an invite link may name {ADDRESSES_MAX} addresses")
        try:
            found = [join_address(*parse_address(one, DEFAULT_PORT)) for one in parts]
        except SetupError as error:
            raise LinkError(f"the invite link: {error}") from None
        return cls(tuple(dict.fromkeys(found)), key, token or None)

    @property
    def to_pass_on(self) -> "Invite | None":
        """The link if whoever has it may pass it on; None: it has no token, or one for some alone.

        A counted token may give a role to whoever comes with it, and a device link makes another
        device of the same person.
        """
        return None if (self.token or DEVICE_PREFIX).startswith(FOR_SOME_PREFIXES) else self

    @property
    def to_keep(self) -> "Invite":
        """What a device remembers that has come in by the link: no token for some alone."""
        return self.to_pass_on or replace(self, token=None)

    def __str__(self) -> str:
        """Return the link."""
        tail = f".{self.token}" if self.token else ""
        return f"{SCHEME}{','.join(self.addresses)}/#{to_text(self.server_key)}{tail}"


def parse_address(text: str, default_port: int) -> tuple[str, int]:
    """Read ``HOST``, ``HOST:PORT`` or ``[IPv6]:PORT`` into host and port.

    The host comes without brackets. Raise :class:`SetupError` with one line.
    """
    text = text.strip()
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or not _is_ipv6(host):
            raise SetupError(f"{text!r} is not an address; IPv6 is written as [::1]:8080")
        return host.lower(), _port(rest[1:], text) if rest else default_port
    if text.count(":") > 1:
        if not _is_ipv6(text):
            raise SetupError(f"{text!r} is not an address; write HOST:PORT, {_EXAMPLE}")
        return text.lower(), default_port
    host, colon, port = text.partition(":")
    return _host(host, text), _port(port, text) if colon else default_port


def join_address(host: str, port: int) -> str:
    """Return ``HOST:PORT``, with brackets around IPv6."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def endpoint(host: str, port: int) -> str:
    """Return the ZeroMQ endpoint ``tcp://HOST:PORT``."""
    return f"tcp://{join_address(host, port)}"


def _port(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise SetupError(f"{whole!r} has no port from 1 to 65535; write HOST:PORT, {_EXAMPLE}")
    return int(text)


def _host(host: str, whole: str) -> str:
    wrong = SetupError(f"{whole!r} is not an address; write HOST:PORT, {_EXAMPLE}")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise wrong from None
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(one) for one in labels):
        raise wrong
    if labels[-1].isdigit():
        # Only an IPv4 address ends in a number; a resolver would read "8080" as 0.0.31.144.
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise wrong from None
    return host.lower()


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
