"""What follows from what came in: the session's only way to act on the world.

The shell carries it out in this order: the operations in one transaction, the frames,
what is told. Pure; no I/O.
"""

from dataclasses import dataclass, field

from protocol.client.happenings import Happening
from protocol.client.operations import Operation
from protocol.frames import AnyFrame, encode


@dataclass(frozen=True, slots=True)
class Answer:
    """For the shell: read these from the store and tell them as Loaded."""

    request: int
    room: bytes
    after: int
    """Exclusive."""
    before: int
    """Exclusive."""
    limit: int
    newest: bool
    """Whether the last ``limit`` of them are meant, or the first."""
    high: int
    """The end of what is held, when this was decided."""


@dataclass(frozen=True, slots=True)
class Touched:
    """For the shell: these messages were changed; read them and tell them as Changed."""

    room: bytes
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """For the shell: this connection is over; make another one."""

    text: str
    retry_ms: int = 0
    """Wait at least this long."""
    code: int = 0
    """Why, if the server has said so: an ErrorCode."""
    final: bool = False
    """The server does not want this client; do not try again by itself."""


@dataclass(slots=True)
class Outcome:
    """Collects what follows until it is taken."""

    operations: list[Operation] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    told: list[Happening | Answer | Touched] = field(default_factory=list)
    drop: Drop | None = None

    def send(self, frame: AnyFrame) -> None:
        """Add a frame."""
        self.frames.append(encode(frame))

    def end(self, drop: Drop) -> None:
        """Ask for another connection; the first reason counts."""
        if self.drop is None:
            self.drop = drop

    def take(self) -> "Outcome":
        """Return what was collected and start afresh."""
        taken = Outcome(self.operations, self.frames, self.told, self.drop)
        self.operations, self.frames, self.told, self.drop = [], [], [], None
        return taken
