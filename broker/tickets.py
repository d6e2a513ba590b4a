"""Acts that wait until every gateway concerned says that they are in force.

Whoever is put out may have connections at several gateways. Each is told with the act itself, and
behind it CONFIRM with a ticket; whoever acted hears DONE when all have confirmed. A gateway that is
gone meanwhile counts as having done so: it pushes nothing to anybody before the broker has opened
the session anew (see ``gateway/README.md``). One that is there and does not say so in time makes
the answer UNAVAILABLE: what was decided is stored, but somebody may still hear what they should
not. Pure. Owned by the broker's main thread.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.sessions import Gateway, Session
from protocol.backplane import Down
from protocol.codes import ErrorCode, Kind
from protocol.errors import WireError
from protocol.frames import Done, Error, encode

CONFIRM_MS = 5_000
"""So long a gateway may take; a client gives a request up after 15 s."""
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
    """The open tickets."""

    def __init__(self) -> None:
        """Start with none."""
        self._last = 0
        self._open: dict[int, _Ticket] = {}

    def need_place(self) -> None:
        """Raise :class:`WireError` if there are too many; ask before something is done."""
        if len(self._open) >= TICKETS_MAX:
            raise WireError(ErrorCode.BUSY, "", "too much is being done at once")

    def open(
        self, session: Session, request: int, gateways: Iterable[Gateway], now_ms: int
    ) -> None:
        """Have these gateways confirm all that was queued for them, then tell the session DONE."""
        waiting = set(gateways)
        if not waiting:
            session.tell(Down.FRAME, encode(Done(request)))
            return
        self._last += 1
        self._open[self._last] = _Ticket(session, request, waiting, now_ms + CONFIRM_MS)
        for gateway in waiting:
            gateway.out.append([Down.CONFIRM, self._last])

    def confirmed(self, gateway: Gateway, number: int) -> None:
        """Take a gateway's word."""
        ticket = self._open.get(number)
        if ticket is not None:
            self._arrived(number, ticket, gateway)

    def gone(self, gateway: Gateway) -> None:
        """Wait for a gateway no longer: it is not known any more."""
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
