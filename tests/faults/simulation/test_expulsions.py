"""Who was put out hears nothing later, whatever breaks; and each part of why is needed for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from unittest import mock

import pytest

import broker.office
import gateway.core
from broker.core import Core as BrokerCore
from broker.sessions import Gateway
from broker.tickets import Tickets
from gateway.core import Core as GatewayCore
from gateway.counter import Counter
from gateway.sessions import Session
from protocol.frames import Ping
from tests.faults.simulation.expulsions import House
from tests.faults.simulation.judge import Violation

STEPS = 800
SEEDS = 60
SEEDS_MAX = 400


def test_nothing_later_reaches_who_was_put_out() -> None:
    done = 0
    for seed in range(SEEDS):
        house = House(seed)
        house.run(STEPS)
        done += house.done
    assert done > SEEDS  # else it would say little


def test_a_seed_is_one_story() -> None:
    first, second = House(7), House(7)
    first.run(STEPS)
    second.run(STEPS)
    assert (first.done, first.random.random()) == (second.done, second.random.random())


class Forgetting(Tickets):
    """Takes a gateway that cannot be told for one that has confirmed."""

    def miss(self, gateway: Gateway) -> None:
        super().miss(gateway)
        self.gone(gateway)


class Impatient(BrokerCore):
    """Counts the time in which it stood still itself."""

    def _part_with_silent(self, now_ms: int) -> None:
        self._looked_ms = now_ms
        super()._part_with_silent(now_ms)


class Unaware(GatewayCore):
    """Does not notice that it stood still."""

    def at(self, now_ms: int) -> None:
        self._at_ms = now_ms
        super().at(now_ms)


class Credulous(GatewayCore):
    """Pushes what any broker publishes."""

    def fed(self, parts: list[bytes]) -> None:
        self.upstream.term = 1 << 60
        super().fed(parts)


class Talkative(Counter):
    """Tells heads to those of whom nobody knows in which rooms they are."""

    def _pong(self, session: Session, frame: Ping) -> bytes:
        doubted, session.doubted = session.doubted, False
        pong = super()._pong(session, frame)
        session.doubted = doubted
        return pong


def _in_place(module: object, name: str, worse: type) -> AbstractContextManager[Any]:
    return mock.patch.object(module, name, worse)


@pytest.mark.parametrize(
    ("make", "patch"),
    [
        (House, lambda: _in_place(broker.office, "Tickets", Forgetting)),
        (lambda seed: House(seed, broker_type=Impatient), nullcontext),
        (lambda seed: House(seed, gateway_type=Unaware), nullcontext),
        (lambda seed: House(seed, gateway_type=Credulous), nullcontext),
        (lambda seed: House(seed, notice_ms=12_000), nullcontext),
        (House, lambda: _in_place(gateway.core, "Counter", Talkative)),
    ],
    ids=["Forgetting", "Impatient", "Unaware", "Credulous", "late", "Talkative"],
)
def test_a_mistake_is_found(
    make: Callable[[int], House], patch: Callable[[], AbstractContextManager[Any]]
) -> None:
    with patch():
        for seed in range(SEEDS_MAX):
            try:
                make(seed).run(STEPS)
            except Violation as violation:
                assert str(violation).startswith("privacy")
                return
    pytest.fail(f"{SEEDS_MAX} stories did not find it")
