"""Acts that wait until every gateway concerned says that they are in force.

Whoever is put out may have connections at several gateways. Each is told with the act itself, and
behind it CONFIRM with a ticket; whoever acted hears DONE when all have confirmed.

A gateway that the broker does not know any more, because it could not be told something or because
what it had said is forgotten, may go on pushing what the feed brings until it hears of that or
notices it by itself. It is missed: a ticket waits for it, too, until it introduces itself again or
was silent for GATEWAY_DEADLINE_MS. Either counts as a confirmation: from then on it pushes nothing
to anybody before the broker has opened the session anew (see ``gateway/README.md``).

Where that takes too long, the answer is UNAVAILABLE: what was decided is stored, but somebody may
still hear what they should not. Pure. Owned by the broker's main thread.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.sessions import Gateway, Session
from protocol.backplane import GATEWAY_DEADLINE_MS, Down
from protocol.codes import ErrorCode, Kind
from protocol.errors import WireError
from protocol.frames import Done, Error, encode

CONFIRM_MS = GATEWAY_DEADLINE_MS + 2_000
"""So long a gateway may take: one that has just died is certain to be gone by then, and a client
gives a request up after 15 s."""
TICKETS_MAX = 1_000
"""Open tickets, some 300 bytes each; whoever acts when there are more is told BUSY."""
_LATE = "it is stored, but a server process has not confirmed it yet"


@dataclass(slots=True, eq=False)
class _Ticket:
    session: Session
    request: int
    waiting: set[Gateway]
    until_ms: int


class Tickets:
    """The open tickets, and the gateways that are missed."""

    def __init__(self) -> None:
        """Start with none."""
        self._last = 0
        self._open: dict[int, _Ticket] = {}
        self.missed: dict[Gateway, None] = {}
        """As many as introduced themselves within the deadline: who does so again is missed no
        more."""

    def need_place(self) -> None:
        """Raise :class:`WireError` if there are too many; ask before something is done."""
        if len(self._open) >= TICKETS_MAX:
            raise WireError(ErrorCode.BUSY, "", "too much is being done at once")

    def open(
        self, session: Session, request: int, gateways: Iterable[Gateway], now_ms: int
    ) -> None:
        """Have these gateways confirm all that was queued for them, then tell the session DONE."""
        known = list(gateways)
        waiting = {*known, *self.missed}
        if not waiting:
            session.tell(Down.FRAME, encode(Done(request)))
            return
        self._last += 1
        self._open[self._last] = _Ticket(session, request, waiting, now_ms + CONFIRM_MS)
        for gateway in known:
            gateway.out.append([Down.CONFIRM, self._last])

    def confirmed(self, gateway: Gateway, number: int) -> None:
        """Take a gateway's word."""
        ticket = self._open.get(number)
        if ticket is not None:
            self._arrived(number, ticket, gateway)

    def miss(self, gateway: Gateway) -> None:
        """Know a gateway no more that may not have noticed it, and none of its sessions."""
        gateway.sessions.clear()
        gateway.out.clear()
        self.missed[gateway] = None

    def heard(self, instance: bytes, now_ms: int) -> None:
        """Hear from a gateway that is not known: it is still there."""
        for gateway in self.missed:
            if gateway.instance == instance:
                gateway.heard_ms = now_ms

    def part_with_silent(self, now_ms: int) -> None:
        """Miss those no longer that were silent for the whole deadline."""
        for gateway in [one for one in self.missed if one.silent(now_ms)]:
            self.gone(gateway)

    def gone(self, gateway: Gateway) -> None:
        """Wait for a gateway no longer: it pushes nothing of what was before."""
        self.missed.pop(gateway, None)
        for number, ticket in list(self._open.items()):
            self._arrived(number, ticket, gateway)

    def _arrived(self, number: int, ticket: _Ticket, gateway: Gateway) -> None:
        ticket.waiting.discard(gateway)
        if not ticket.waiting:
            del self._open[number]
            ticket.session.tell(Down.FRAME, encode(Done(ticket.request)))

    def expire(self, now_ms: int) -> None:
        """Tell those who have waited for too long; call it about once a second."""
        for number, ticket in list(self._open.items()):
            if ticket.until_ms > now_ms:
                break  # they stand in the order of their opening
            del self._open[number]
            error = Error(ErrorCode.UNAVAILABLE, "", _LATE, Kind.ACT, ticket.request)
            ticket.session.tell(Down.FRAME, encode(error))
