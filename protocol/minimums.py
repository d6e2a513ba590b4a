"""The oldest versions of the libraries that may touch a stranger's bytes, and why.

Older ones have holes that a peer can reach, so a program refuses to start with them and the
doctor says so. Pure, but for asking the libraries; any thread.
"""

import re
from typing import Final

import msgpack
import zmq

from protocol.errors import SetupError

LIBZMQ: Final = (4, 3, 5)
"""Below 4.3.3 a stranger's first bytes stop or overflow a CURVE server (CVE-2019-13132,
CVE-2020-15166); 4.3.5 is what all measurements were made with."""

MSGPACK: Final = (1, 2, 1)
"""Below 1.2.1 wrong input leaks memory or crashes (GHSA-6v7p-g79w-8964)."""

PILLOW: Final = (12, 3)
"""Below 12.3 pictures write out of bounds (CVE-2026-42311 and those after it)."""

_MEND = "install what requirements.lock names: make setup"


def check_server() -> None:
    """Refuse libraries with which a server must not run; raise :class:`SetupError`, one line."""
    if not zmq.has("curve"):
        raise SetupError(
            f"libzmq {zmq.zmq_version()} cannot be used: it has no CURVE. "
            "Install pyzmq from its wheel."
        )
    _check("libzmq", zmq.zmq_version_info(), LIBZMQ)
    _check("msgpack", msgpack.version[:3], MSGPACK)


def check_client() -> None:
    """Refuse libraries with which a client must not run; raise :class:`SetupError`, one line."""
    import PIL

    check_server()
    _check("Pillow", numbers(PIL.__version__), PILLOW)


def numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``12.3.0rc1`` is (12, 3, 0)."""
    leading = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(one) for one in leading[0].split(".")) if leading else ()


def _check(name: str, found: tuple[int, ...], least: tuple[int, ...]) -> None:
    if found < least:
        text, wanted = (".".join(map(str, one)) for one in (found, least))
        raise SetupError(f"{name} {text} cannot be used: {wanted} or later is needed; {_MEND}")
