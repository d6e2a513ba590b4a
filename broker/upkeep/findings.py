"""What the doctor finds: one line each, with what to do about it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How bad it is."""

    OK = 0
    WARN = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was seen, and what to do (empty if nothing)."""

    level: Level
    check: str
    text: str
    todo: str = ""

    def line(self) -> str:
        """Write it for people, in one line."""
        mark = {Level.OK: "ok  ", Level.WARN: "warn", Level.BAD: "BAD "}[self.level]
        todo = f": {self.todo}" if self.todo else ""
        return f"{mark} {self.check}: {self.text}{todo}"

    def as_json(self) -> dict[str, str]:
        """Write it for programs."""
        return {
            "level": self.level.name.lower(),
            "check": self.check,
            "text": self.text,
            "todo": self.todo,
        }


def ok(check: str, text: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(Level.OK, check, text)


def warn(check: str, text: str, todo: str) -> Finding:
    """Say that something should be mended before it hurts."""
    return Finding(Level.WARN, check, text, todo)


def bad(check: str, text: str, todo: str) -> Finding:
    """Say that something is broken."""
    return Finding(Level.BAD, check, text, todo)


def worst(findings: Iterable[Finding]) -> Level:
    """Return how bad the worst of them is."""
    return max((one.level for one in findings), default=Level.OK)
