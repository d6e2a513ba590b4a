"""A network of one's own: a namespace that lasts as long as the processes in it, and has no name.

Inside, 127.0.0.1 is another one than outside. Sockets belong to the namespace in which they were
made, and so do processes and threads with all that they make later. When the last of them is
gone, so are the namespace and every rule in it: nothing can be left behind. Needs root, Linux.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_NETWORK = 0x4000_0000
_PLACES = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_OWN = "/proc/thread-self/ns/net"
_INSIDE = "ZVIAZOK_TEST_NET"
"""The environment variable that names the network that was made."""


def why_no_private_net() -> str | None:
    """Return what is missing for a network of one's own, or None."""
    if sys.platform != "linux":
        return "only on Linux are there network namespaces"
    if os.geteuid() != 0:
        return "only on systems where the tests are root is there a network of one's own"
    return None if tool("ip") else "there is no ip command (on Debian: apt install iproute2)"


def is_private() -> bool:
    """Whether this thread is in a network that :func:`private_net` made, here or in a parent."""
    try:
        return os.environ.get(_INSIDE) == os.readlink(_OWN)
    except OSError:
        return False


def tool(name: str) -> str:
    """Return where a program of the system lies, or nothing."""
    return shutil.which(name, path=_PLACES) or ""


def run(name: str, *words: str) -> str:
    """Run a program of the system in this thread's network and return what it prints."""
    done = subprocess.run(
        [tool(name), *words], capture_output=True, text=True, check=False, timeout=30
    )
    if done.returncode != 0:
        raise OSError(f"{name} {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def private_net() -> Iterator[None]:
    """Have this thread, and what it starts, live in a network of its own during the block."""
    libc = ctypes.CDLL(None, use_errno=True)
    outside = os.open(_OWN, os.O_RDONLY)
    try:
        _check(libc.unshare(_NEW_NETWORK))
        try:
            run("ip", "link", "set", "lo", "up")
            os.environ[_INSIDE] = os.readlink(_OWN)
            yield
        finally:
            os.environ.pop(_INSIDE, None)
            _check(libc.setns(outside, _NEW_NETWORK))
    finally:
        os.close(outside)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
