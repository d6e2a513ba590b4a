"""What a check finds: violations by invariant, and the figures of a run.

All violations are counted; of each kind a few are kept with their words, so that a run in which
everything is lost costs no memory. Pure but for the JSON text.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

_KEPT = 20
"""Violations of one invariant and kind that are kept with their words."""


class Invariant(StrEnum):
    """What must hold; I1 to I14 in this order, and that the records themselves are sound."""

    LOSS = "loss"
    """I1: an acknowledged message is missing at the journal, or at a reader entitled to it."""
    DUPLICATE = "duplicate"
    """I2: a message has two places, or a session applied a place twice."""
    PHANTOM = "phantom"
    """I3: a value that nobody said, that another said, or that was refused."""
    VALUE = "value"
    """I4: two values for one (room, epoch, seq)."""
    ORDER = "order"
    """I5: what a session applied has a hole or goes back."""
    FIFO = "fifo"
    """I6: a sender's messages changed places."""
    REAL_TIME = "real time"
    """I7: a message stands before one that was acknowledged before it was said."""
    ACK = "ack"
    """I8: an acknowledgement does not name what is stored, or another one says otherwise."""
    SESSION = "session"
    """I9: a client that was there does not see its own messages, or no longer what it saw."""
    INFO = "info"
    """I10: a message of unknown fate is at some and not at others, or was dropped in silence."""
    PRIVACY = "privacy"
    """I11: something private at somebody who is no member, or what was said in a log."""
    LIVENESS = "liveness"
    """I12: not drained, not at head, not in the newest history, or too late."""
    HEALTH = "health"
    """I13: a process ended that should not, or complained aloud."""
    STORAGE = "storage"
    """I14: the journal is not sound."""
    HISTORY = "history"
    """The records are not those of a run, so nothing can be concluded from them."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be. ``kind`` of a loss: prefix, middle or postfix."""

    invariant: Invariant
    who: str
    what: str
    kind: str = ""

    def __str__(self) -> str:
        kind = f" ({self.kind})" if self.kind else ""
        return f"{self.invariant}{kind}: {self.who}: {self.what}"


def loss_kind(seq: int, first: int, last: int) -> str:
    """Say where a lost message would be beside what is held, ``first … last`` (0: nothing)."""
    if first and seq < first:
        return "prefix"
    return "middle" if seq <= last else "postfix"


@dataclass(slots=True)
class Findings:
    """Collects violations while a run is checked."""

    kept: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    """By ``reader kind``."""
    _by_kind: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, invariant: Invariant, who: str, what: str, kind: str = "") -> None:
        """Count a violation, and keep it if there are not many like it."""
        self.counts[invariant] += 1
        if invariant is Invariant.LOSS:
            self.losses[f"{who} {kind}"] += 1
        self._by_kind[invariant, kind] += 1
        if self._by_kind[invariant, kind] <= _KEPT:
            self.kept.append(Violation(invariant, who, what[:400], kind))


@dataclass(slots=True)
class Figures:
    """What happened in a run, in numbers."""

    clients: int = 0
    sessions: int = 0
    rooms: int = 0
    epochs: int = 0
    invoked: int = 0
    acked: int = 0
    refused: int = 0
    unknown: int = 0
    """Messages without an answer in any record."""
    unknown_stored: int = 0
    """Those of them that the journal holds."""
    stored: int = 0
    """Events in the journal."""
    deliveries: int = 0
    """Events that clients applied, pushed or fetched."""
    held: int = 0
    """Events that clients held at the end."""
    busy: int = 0
    resyncs: int = 0
    torn: int = 0
    """Files whose last line was cut."""
    faults: dict[str, int] = field(default_factory=dict)
    """How often each began."""
    recovery_ms: dict[str, list[int]] = field(default_factory=dict)
    """From healing to whole, by fault."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a check."""

    violations: list[Violation]
    counts: dict[str, int]
    """All violations by invariant, also those that are not kept with their words."""
    losses: dict[str, int]
    """Acknowledged messages that are missing, by ``reader kind``."""
    figures: Figures
    name: str = ""
    """The folder's."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    def to_json(self) -> str:
        """Return what :meth:`from_json` reads."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Verdict":
        """Read what :meth:`to_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        violations = [
            Violation(Invariant(one["invariant"]), one["who"], one["what"], one["kind"])
            for one in values["violations"]
        ]
        figures = Figures(**values["figures"])
        return cls(violations, values["counts"], values["losses"], figures, values["name"])

    def __str__(self) -> str:
        figures = asdict(self.figures)
        lines = [f"{name} {number}" for name, number in figures.items() if type(number) is int]
        lines += [str(one) for one in self.violations]
        lines += [f"violations of {name}: {count}" for name, count in self.counts.items()]
        return "\n".join([*lines, "sound" if self.sound else "NOT SOUND"])
