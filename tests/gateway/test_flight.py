"""What is under way to the broker is bounded, and what is settled makes room again."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.flight import FLYING_MAX_BYTES, Flight
from gateway.sessions import Session, Sessions
from protocol.codes import EventKind, Purpose
from protocol.frames import Ack, Busy, Send, encode
from protocol.items import encode_item
from protocol.limits import BUSY_RETRY_MS, SEND_MAX_BYTES, WINDOW_MAX_ITEMS
from tests.gateway.stand import EPOCH, ROOM, Stand

OUTBOX = b"outbox-1"


def session(sessions: Sessions, number: int) -> Session:
    name = str(number)
    one, _ = sessions.add(name.encode(), name, b"k" * 32, Purpose.TALK, None, None, 1)
    return one


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300), st.integers(0, 1 << 23))))
def test_the_sum_is_that_of_all_sessions(steps: list[tuple[int, int, int]]) -> None:
    sessions, flight = Sessions(), Flight()
    mine = [session(sessions, number) for number in range(3)]
    for what, count, size in steps:
        one = mine[count % 3]
        if what == 0:
            flight.settle(one, count)
        elif what == 1:
            flight.forget(one)
        elif flight.fits(one, count, size):
            flight.depart(one, count, size)
        assert flight.size == sum(each.flying_bytes for each in mine) <= FLYING_MAX_BYTES
        assert all(0 <= each.in_flight <= WINDOW_MAX_ITEMS for each in mine)


def test_a_gateway_that_has_too_much_under_way_lets_everybody_wait() -> None:
    stand = Stand()
    item = encode_item(EventKind.TEXT, {"text": "ї" * 4_000})
    per_send = SEND_MAX_BYTES // len(item)
    crowd = [stand.talker(f"{number}", ROOM) for number in range(40)]
    taken = 0
    for one in crowd:
        n = 1
        while n + per_send <= WINDOW_MAX_ITEMS:
            said = stand.take(one, Send(ROOM, OUTBOX, n, [item] * per_send))
            if said:
                break
            n += per_send
            taken += per_send
    assert said == [Busy(ROOM, OUTBOX, n, BUSY_RETRY_MS)]
    assert FLYING_MAX_BYTES - SEND_MAX_BYTES < taken * len(item) <= FLYING_MAX_BYTES
    # One answer, and there is room again, for anybody.
    first = crowd[0]
    stand.upstream.take([6, first.slot, per_send, encode(Ack(ROOM, OUTBOX, 1, per_send, EPOCH, 1))])
    assert stand.take(crowd[-1], Send(ROOM, OUTBOX, 1, [item] * per_send)) == []
