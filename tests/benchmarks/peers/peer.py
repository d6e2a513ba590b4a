"""A peer: another system that carries a message from one to many, and how to speak with it.

A peer says what it promises, how its server is started, and which bytes go over the
connections. It touches no socket itself, so every family of peers is tested as pure code.
"""

import re
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

BODY = rb"@[0-9a-f]{16} "
"""How every body starts: ``@``, the ns of the monotonic clock in hex, a space."""
SIZE = 200
"""Bytes of a body of natural text, with its time stamp."""


class Unavailable(Exception):
    """What a peer needs is not on this machine; the text says what."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What somebody who sends may rely on, in the configuration that is measured."""

    stored: str
    fsynced: str
    encrypted: str
    ordered: str


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of a dialogue: what is sent, and what must come before the next."""

    say: bytes
    until: re.Pattern[bytes] | None = None


def step(say: bytes | str, until: bytes = b"") -> Step:
    """Make a step; ``until`` is a regular expression over all that came since the step began."""
    words = say.encode() if isinstance(say, str) else say
    return Step(words, re.compile(until, re.DOTALL) if until else None)


class Peer(ABC):
    """One other system."""

    key: ClassVar[str]
    title: ClassVar[str]
    package: ClassVar[str]
    promise: ClassVar[Promise]
    settings: ClassVar[tuple[str, ...]]
    messages_max: ClassVar[int] = 0
    """Send no more than so many messages per load, because it is slow; 0: as many as asked."""
    pattern: ClassVar[re.Pattern[bytes]]
    """Finds whole messages in what a client receives; the last group is the body."""

    @abstractmethod
    def version(self) -> str:
        """Ask the program; ``Unavailable`` if there is none."""

    @abstractmethod
    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        """Start the server on 127.0.0.1; its files go into ``folder``, its log into ``log``."""

    @abstractmethod
    def join(self, number: int) -> tuple[Step, ...]:
        """Return what a client says to receive the messages."""

    def enter(self) -> tuple[Step, ...]:
        """Return what the sender says before its first message."""
        return ()

    @abstractmethod
    def publish(self, number: int, body: bytes) -> bytes:
        """Return the bytes that send one message; ``number`` counts from 1."""

    def carried(self, body: bytes) -> bytes:
        """Return a body as it must stand in what clients receive."""
        return body

    def answer(self, data: bytes) -> bytes:
        """Return what a client must say to whole messages; most peers ask for nothing."""
        return b""


def program(name: str, package: str) -> str:
    """Find a server's program, also where only root's path leads."""
    places = ":".join(("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"))
    found = shutil.which(name) or shutil.which(name, path=places)
    if found is None:
        raise Unavailable(f"no program {name}; on Debian: apt-get install {package}")
    return found


def ask(words: list[str], pattern: str) -> str:
    """Run a program that tells its version; return what the group of ``pattern`` finds."""
    try:
        told = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=30,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{words[0]} does not tell its version: {error}") from error
    found = re.search(pattern, told)
    if found is None:
        raise Unavailable(f"{words[0]} does not tell its version")
    return found.group(1)


def launch(words: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a server with its log in the folder."""
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )


def script(name: str, port: int, folder: Path, python: str = sys.executable) -> list[str]:
    """Return the command of a server that is written here in Python."""
    return [python, str(Path(__file__).parent / "servers" / f"{name}.py"), str(port)]
