"""HELLO and BYE in turns: no way around the limit of rate, and no work for the broker."""

from gateway import sessions
from protocol.codes import ErrorCode
from protocol.frames import Bye, Hello, encode
from tests.gateway.stand import Stand


def greet(stand: Stand, route: bytes = b"r", user: str = "ann") -> None:
    hello = Hello("test", user, "token", 0)
    assert stand.counter.greet(route, user, b"k" * 32, hello, stand.now_ms) is None


def leave(stand: Stand, route: bytes = b"r") -> None:
    session = stand.sessions.by_route[route]
    stand.counter.take(session, encode(Bye(0, "", 0, [])), stand.now_ms)


def opened(stand: Stand) -> int:
    operations, _ = stand.counter.collect()
    return len(operations)


def test_greeting_again_and_again_is_told_to_wait() -> None:
    stand = Stand(rate_per_s=50.0)
    greeted = 0
    while True:
        greet(stand)
        if b"r" not in stand.sessions.by_route:
            break
        greeted += 1
        leave(stand)
    assert opened(stand) == greeted == 101
    _, bye = stand.said[-1]
    assert isinstance(bye, Bye) and bye.code == ErrorCode.BUSY
    stand.now_ms += bye.retry_ms
    greet(stand)
    assert opened(stand) == 1


def test_a_new_session_has_no_more_to_spend_than_the_old_one() -> None:
    stand = Stand(rate_per_s=50.0)
    greet(stand)
    opened(stand)
    stand.allowance.spend(stand.sessions.purse("ann"), 500, 0, stand.now_ms)
    leave(stand)
    greet(stand)
    assert b"r" not in stand.sessions.by_route
    greet(stand, b"s")
    assert b"s" not in stand.sessions.by_route, "a second session is no second purse"
    greet(stand, b"o", "other")
    assert stand.allowance.wait_ms(stand.sessions.purse("other"), 500, 0, stand.now_ms) == 0


def test_devices_that_are_gone_take_bounded_memory() -> None:
    stand = Stand(rate_per_s=50.0)
    for number in range(sessions._STRANGERS_MAX + 10):
        greet(stand, b"r", f"device-{number}")
        stand.sessions.remove(stand.sessions.by_route[b"r"])
    assert len(stand.sessions._purses) == sessions._STRANGERS_MAX
