"""Whether a machine is at another network: the decision, and a client that follows it."""

import itertools
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.client import whereabouts
from protocol.client.happenings import Acked, Link, LinkChanged
from protocol.client.network import own_address
from protocol.client.whereabouts import APART_MS, WATCH_MS, Verdict, Whereabouts
from tests.protocol.client.test_client import Make, person
from tests.server import Server

__all__ = ["person"]

SERVER = "10.0.0.1"


def verdicts(*own: str, apart_ms: int = APART_MS) -> list[Verdict]:
    """Return what is made of addresses that are seen one after the other."""
    one = Whereabouts()
    return [one.seen(SERVER, address, at * apart_ms) for at, address in enumerate(own)]


@pytest.mark.parametrize(
    ("own", "last"),
    [
        (("10.0.0.7",), Verdict.SAME),
        (("10.0.0.7", "10.0.0.7"), Verdict.SAME),
        (("10.0.0.7", "192.168.1.7"), Verdict.MOVED),
        # Out of reach and back: the connection may have lived through it.
        (("10.0.0.7", ""), Verdict.SAME),
        (("10.0.0.7", "", "10.0.0.7"), Verdict.BACK),
        (("10.0.0.7", "", "", "192.168.1.7"), Verdict.MOVED),
        (("", "10.0.0.7"), Verdict.BACK),
        (("", ""), Verdict.SAME),
        (("10.0.0.7", "192.168.1.7", "192.168.1.7"), Verdict.SAME),
        (("10.0.0.7", "192.168.1.7", "10.0.0.7"), Verdict.MOVED),
    ],
)
def test_another_address_is_another_network(own: tuple[str, ...], last: Verdict) -> None:
    assert verdicts(*own)[-1] is last


def test_another_server_address_says_nothing() -> None:
    one = Whereabouts()
    one.seen(SERVER, "10.0.0.7", 0)
    assert one.seen("127.0.0.1", "127.0.0.1", APART_MS) is Verdict.SAME
    assert one.seen("127.0.0.1", "127.0.0.1", 2 * APART_MS) is Verdict.SAME
    assert one.seen(SERVER, "10.0.0.7", 3 * APART_MS) is Verdict.SAME


def test_two_ways_that_take_turns_do_not_end_every_connection() -> None:
    told = verdicts(*["10.0.0.7", "192.168.1.7"] * 20, apart_ms=APART_MS // 4)
    assert told.count(Verdict.MOVED) <= 11
    # And it is not forgotten: the address that stays is found in the end.
    one = Whereabouts()
    one.seen(SERVER, "a", 0)
    assert one.seen(SERVER, "b", 1) is Verdict.MOVED
    assert one.seen(SERVER, "c", 2) is Verdict.SAME
    assert one.seen(SERVER, "c", 1 + APART_MS) is Verdict.MOVED


@given(st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=1, max_size=40))
def test_a_connection_is_never_left_at_an_address_that_is_gone(own: list[str]) -> None:
    one, connected = Whereabouts(), ""
    for at, address in enumerate(own):
        verdict = one.seen(SERVER, address, at * APART_MS)
        if verdict is Verdict.MOVED or not connected:
            connected = address
        assert not address or connected == address
    assert one.wake_ms == (len(own) - 1) * APART_MS + WATCH_MS


def test_the_system_is_asked_without_looking_up_a_name() -> None:
    assert own_address("127.0.0.1") == "127.0.0.1"
    began = time.monotonic()
    for host in ("no-such-host.invalid", "fe80::1%nothing", "::ffff:1.2.3.4", ""):
        assert isinstance(own_address(host), str)
    assert time.monotonic() - began < 1.0


# --- with a server ---------------------------------------------------------------------


def test_the_client_connects_at_once_at_another_network(
    server: Callable[..., Server], person: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whereabouts, "WATCH_MS", 50)
    monkeypatch.setattr(whereabouts, "APART_MS", 0)
    one = server()
    nora = person(one.invite, "Nora")
    nora.online()
    here = ["127.0.0.1"]
    nora.client._network._own_address = lambda host: here[0]
    nora.client.say(nora.general, "here")
    nora.wait(Acked)
    time.sleep(0.2)
    for address in ("192.168.1.7", "10.0.0.7"):
        here[0] = address
        began = time.monotonic()
        lost = nora.wait(LinkChanged, lambda link: link.link is Link.WAITING)
        assert lost.text == "the network has changed"
        nora.online()
        assert time.monotonic() - began < 5.0, "no ping had to fail"
    told = len(nora.told)
    here[0] = ""
    time.sleep(0.3)
    here[0] = "10.0.0.7"
    nora.client.say(nora.general, "and here")
    nora.wait(Acked)
    states = [
        one.link for one in itertools.islice(nora.told, told, None) if type(one) is LinkChanged
    ]
    assert not states, "a short absence costs no connection"
