"""The client against real processes: connecting, losing a gateway, coming back, giving up."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import zmq

from protocol.client.client import Client
from protocol.client.happenings import (
    Acked,
    Arrived,
    Done,
    Failed,
    Fetched,
    Happening,
    Link,
    LinkChanged,
    Loaded,
    PeopleKnown,
    Progress,
    Queued,
    RoomsChanged,
    Welcomed,
)
from protocol.client.profile import Profile
from protocol.codes import ErrorCode, EventKind
from protocol.errors import KeyChangedError, SetupError
from protocol.invite import Invite
from protocol.keys import fingerprint, make
from tests.protocol.client.test_pictures import noise
from tests.server import Server

DEADLINE_S = 30.0
_T = TypeVar("_T")
Make = Callable[..., "Person"]


class Person:
    """A client and everything that it told."""

    def __init__(self, folder: Path, invite: Invite, nick: str) -> None:
        self.told: list[Happening] = []
        self._queue: queue.SimpleQueue[Happening] = queue.SimpleQueue()
        self.profile = Profile.open(folder, invite, nick)
        try:
            self.client = Client(self.profile, invite, nick, self._queue.put)
        except SetupError:
            self.profile.close()
            raise
        self.client.start()

    def wait(self, kind: type[_T], fits: Callable[[_T], bool] = lambda _: True) -> _T:
        """Wait for a happening that was not waited for before."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                one = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {kind.__name__}; last: {self.told[-5:]}") from None
            self.told.append(one)
            if isinstance(one, kind) and fits(one):
                return one

    def online(self) -> LinkChanged:
        return self.wait(LinkChanged, lambda one: one.link is Link.ONLINE)

    def of(self, kind: type[_T]) -> list[_T]:
        return [one for one in self.told if isinstance(one, kind)]

    @property
    def general(self) -> bytes:
        rooms = self.of(RoomsChanged)[-1].rooms
        return next(one.room for one in rooms if one.name == "general")

    def texts(self) -> list[str]:
        return [
            message.body["text"]
            for arrived in self.of(Arrived)
            for message in arrived.messages
            if message.kind == EventKind.TEXT
        ]

    def hear(self, text: str) -> None:
        self.wait(Arrived, lambda one: any(each.body.get("text") == text for each in one.messages))

    def stop(self) -> None:
        self.client.stop()
        self.profile.close()


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Make]:
    made: list[Person] = []

    def make_one(invite: Invite, nick: str) -> Person:
        made.append(Person(tmp_path / "profiles", invite, nick))
        return made[-1]

    yield make_one
    for one in made:
        if one.client._thread.is_alive():
            one.stop()


def test_nobody_answers(person: Make, free_port: int) -> None:
    invite = Invite((f"127.0.0.1:{free_port}",), make().public, "t" * 22)
    nora = person(invite, "Nora")
    waiting = nora.wait(LinkChanged, lambda one: one.link is Link.WAITING)
    assert "no server answers" in waiting.text and waiting.retry_ms > 0
    nora.wait(LinkChanged, lambda one: one.link is Link.CONNECTING)
    request = nora.client.join("general")
    assert nora.wait(Failed).request == request
    nora.stop()
    nora.wait(LinkChanged, lambda one: one.link is Link.STOPPED)


def test_a_known_address_with_another_key_is_not_connected_to(
    server: Callable[..., Server], person: Make
) -> None:
    one = server()
    nora = person(one.invite, "Nora")
    address = nora.online().address
    nora.stop()
    stranger = Invite((address,), make().public, "t" * 22)
    with pytest.raises(KeyChangedError) as caught:
        person(stranger, "Nora")
    assert fingerprint(one.invite.server_key) in str(caught.value)
    assert fingerprint(stranger.server_key) in str(caught.value)
    nora.profile.pins.forget(address)
    waiting = person(stranger, "Nora").wait(LinkChanged, lambda one: one.link is Link.WAITING)
    assert fingerprint(stranger.server_key) in waiting.text, "it is not what answers there"
    again = person(one.invite, "Nora")
    again.online()
    assert again.profile.keys == nora.profile.keys


def test_something_else_answers(person: Make) -> None:
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        port = router.bind_to_random_port("tcp://127.0.0.1")
        nora = person(Invite((f"127.0.0.1:{port}",), make().public), "Nora")
        waiting = nora.wait(LinkChanged, lambda one: one.link is Link.WAITING)
        assert "key" in waiting.text
        nora.stop()


def test_the_wrong_key_a_wrong_token_a_taken_nickname(
    server: Callable[..., Server], person: Make
) -> None:
    one = server()
    address = one.invite.addresses
    wrong_key = person(Invite(address, make().public, one.invite.token), "Nora")
    waiting = wrong_key.wait(LinkChanged, lambda each: each.link is Link.WAITING)
    assert "key" in waiting.text
    wrong_key.stop()
    wrong_token = person(Invite(address, one.invite.server_key, "x" * 22), "Nora")
    refused = wrong_token.wait(LinkChanged, lambda each: each.link is Link.REFUSED)
    assert refused.code == ErrorCode.TOKEN and refused.text
    wrong_token.stop()
    nora = person(one.invite, "Nora")
    nora.online()
    second = person(one.invite, "N0ra")
    refused = second.wait(LinkChanged, lambda each: each.link is Link.REFUSED)
    assert refused.code == ErrorCode.NICK_TAKEN
    second.client.retry_now()
    second.wait(LinkChanged, lambda each: each.link is Link.CONNECTING)


def test_what_was_written_offline_is_sent_and_everything_is_found_again(
    server: Callable[..., Server], person: Make, tmp_path: Path
) -> None:
    one = server(rate=0)
    nora, omar = person(one.invite, "Nora"), person(one.invite, "Omar")
    nora.online()
    omar.online()
    nora.client.say(nora.general, "first")
    nora.wait(Acked)
    omar.hear("first")
    one.kill_gateway(0)
    nora.wait(LinkChanged, lambda each: each.link is Link.WAITING)
    for number in range(50):
        nora.client.say(nora.general, f"offline {number}")
    nora.wait(Queued, lambda each: each.n == 51)
    nora.stop()
    again = person(one.invite, "Nora")
    again.wait(Queued, lambda each: each.n == 51)
    assert [type(each) for each in again.told[:2]] == [Welcomed, RoomsChanged]
    request = again.client.history(again.general)
    loaded = again.wait(Loaded)
    assert loaded.request == request
    assert "first" in [each.body.get("text") for each in loaded.messages]
    one.restart_gateway(0)
    again.client.retry_now()
    again.wait(Acked, lambda each: each.n == 51)
    omar.hear("offline 49")
    assert omar.texts() == ["first", *(f"offline {number}" for number in range(50))]


def test_a_dead_gateway_is_left_for_another_and_nothing_is_lost_or_doubled(
    server: Callable[..., Server], person: Make
) -> None:
    one = server(gateways=2, rate=0)
    nora, omar = person(one.invite, "Nora"), person(one.invite, "Omar")
    where = nora.online().address
    omar.online()
    wanted = [str(number) for number in range(600)]
    for text in wanted[:300]:
        nora.client.say(nora.general, text)
    nora.wait(Acked, lambda each: each.n == 100)
    one.kill_gateway(one.addresses.index(where))
    for text in wanted[300:500]:
        nora.client.say(nora.general, text)
    nora.wait(Acked, lambda each: each.n == 400)
    one.restart_broker()
    for text in wanted[500:]:
        nora.client.say(nora.general, text)
    nora.wait(Acked, lambda each: each.n == 600)
    omar.hear("599")
    assert omar.texts() == wanted
    assert [each.n for each in nora.of(Acked)] == list(range(1, 601))


def test_a_picture_goes_there_and_back_and_can_be_cancelled(
    server: Callable[..., Server], person: Make, tmp_path: Path
) -> None:
    one = server(rate=0)
    nora, omar = person(one.invite, "Nora"), person(one.invite, "Omar")
    nora.online()
    omar.online()
    path = tmp_path / "noise.png"
    noise(900, 700).save(path)
    request = nora.client.send_image(nora.general, path, "look", shrink=False)
    assert nora.wait(Queued).request == request
    nora.wait(Acked)
    assert nora.of(Progress)[-1].done == path.stat().st_size
    arrived = omar.wait(Arrived, lambda each: each.messages[0].kind == EventKind.IMAGE)
    body = arrived.messages[0].body
    fetch = omar.client.fetch(omar.general, body["sha256"], body["size"])
    fetched = omar.wait(Fetched)
    assert fetched.request == fetch and fetched.path.read_bytes() == path.read_bytes()
    for who in (nora, omar):  # at once: it is here
        who.client.fetch(who.general, body["sha256"], body["size"])
        assert who.wait(Fetched).path.read_bytes() == path.read_bytes()
    unknown = omar.client.fetch(omar.general, bytes(32), 5)
    failed = omar.wait(Failed)
    assert (failed.request, failed.code) == (unknown, ErrorCode.NO_BLOB)
    wrong = nora.client.send_image(nora.general, tmp_path)
    assert nora.wait(Failed).request == wrong
    one.kill_gateway(0)
    nora.wait(LinkChanged, lambda each: each.link is Link.WAITING)
    noise(500, 500).save(path)
    cancelled = nora.client.send_image(nora.general, path)
    nora.wait(Progress, lambda each: each.request == cancelled)
    nora.client.cancel(cancelled)
    assert nora.wait(Failed).request == cancelled


def test_rooms_people_and_history_to_the_first_message(
    server: Callable[..., Server], person: Make
) -> None:
    one = server(rate=0)
    nora = person(one.invite, "Nora")
    nora.online()
    nora.client.join("tea")
    tea = nora.wait(Done).room
    for number in range(700):
        nora.client.say(tea, str(number))
    nora.wait(Acked, lambda each: each.n == 700)
    omar = person(one.invite, "Omar")
    omar.online()
    omar.client.join("tea")
    omar.wait(Done)
    omar.hear("699")
    found: list[str] = []
    before, more = 0, True
    while more:
        omar.client.history(tea, before, 200)
        loaded = omar.wait(Loaded)
        found = [each.body.get("text", "") for each in loaded.messages] + found
        before, more = loaded.messages[0].seq, loaded.more
    assert before == 1
    assert [text for text in found if text] == [str(number) for number in range(700)]


def test_a_full_disk_fails_the_message_and_loses_nothing_else(
    server: Callable[..., Server], person: Make, logged_errors: list[Any]
) -> None:
    one = server(rate=0)
    nora = person(one.invite, "Nora")
    nora.online()
    nora.client.say(nora.general, "before")
    nora.wait(Acked)
    network = nora.client._network

    def pages(most: int) -> None:
        def change(_: int) -> None:
            network._store._db.execute(f"PRAGMA max_page_count={most}")

        network.post(change)

    pages(1)  # SQLite takes this as "not one more than there are"
    texts = [f"{number}" + "x" * 4_000 for number in range(40)]
    requests = [nora.client.say(nora.general, text) for text in texts]
    failed = nora.wait(Failed, lambda each: each.request == requests[-1])
    assert "disk is full" in failed.text
    pages(1_000_000)
    nora.online()
    nora.client.say(nora.general, "after")
    queued = nora.wait(Queued, lambda each: each.body["text"] == "after")
    nora.wait(Acked, lambda each: each.n == queued.n)
    nora.hear("after")
    stored = {each.request for each in nora.of(Queued)}
    lost = {each.request for each in nora.of(Failed)}
    assert not stored & lost and set(requests) <= stored | lost
    wanted = [text for text, request in zip(texts, requests, strict=True) if request in stored]
    assert nora.texts() == ["before", *wanted, "after"]
    logged_errors.clear()


def test_a_fault_of_the_program_costs_a_connection(
    server: Callable[..., Server], person: Make, logged_errors: list[Any]
) -> None:
    one = server()
    nora = person(one.invite, "Nora")
    nora.online()

    def broken(_: int) -> None:
        raise ValueError("oops")

    nora.client._network.post(broken)
    nora.wait(LinkChanged, lambda each: each.link is Link.WAITING)
    nora.online()
    nora.client.say(nora.general, "alive")
    nora.hear("alive")
    assert [each.getMessage() for each in logged_errors] == ["turn_failed count=1"]
    logged_errors.clear()


def test_an_idle_client_costs_nothing(server: Callable[..., Server], person: Make) -> None:
    one = server()
    nora = person(one.invite, "Nora")
    nora.online()
    turns = 0
    network = nora.client._network
    turn = network._turn

    def counted() -> None:
        nonlocal turns
        turns += 1
        turn()

    network._turn = counted  # type: ignore[method-assign]
    nora.client.people()
    nora.wait(PeopleKnown)
    quiet = threading.Event()
    assert not quiet.wait(2.0)
    assert turns < 20


def test_a_callback_that_raises_costs_nothing(
    server: Callable[..., Server], tmp_path: Path, logged_errors: list[Any]
) -> None:
    one = server()
    told: queue.SimpleQueue[Happening] = queue.SimpleQueue()

    def clumsy(happening: Happening) -> None:
        told.put(happening)
        raise ValueError("oops")

    profile = Profile.open(tmp_path, one.invite, "Nora")
    client = Client(profile, one.invite, "Nora", clumsy)
    client.start()
    while not isinstance(found := told.get(timeout=DEADLINE_S), LinkChanged) or (
        found.link is not Link.ONLINE
    ):
        pass
    client.stop()
    profile.close()
    assert logged_errors
    logged_errors.clear()
