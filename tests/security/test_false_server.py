"""A server that lies to the real client: it may lose the connection, but never its mind.

The client's network thread must not stop, must log no unexpected fault, must send no faulty frame
of its own, and must hear the truth as soon as somebody tells it.
"""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from protocol.blocks import encode_block
from protocol.codes import ErrorCode, Kind, Purpose
from protocol.frames import AnyFrame, Bye, Error, Events, Page, encode
from protocol.limits import FAULTS_MAX, FRAME_MAX_BYTES
from tests.integration.bare import Circle
from tests.integration.talker import Talker
from tests.protocol.make_vectors import INVALID
from tests.security.false_server import PATIENCE_S, ROOM, FalseServer
from tests.strategies import BLOCKS, FRAMES, mutated, runs

BULK = (Kind.BLOB_HAVE, Kind.BLOB_DATA)
KINDS = pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: str(kind.name))
MANY = settings(
    max_examples=40,
    deadline=None,
    database=None,
    # A failure is of a whole conversation; making its last frame smaller would only take minutes.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FEW = settings(MANY, max_examples=12)
"""After many faults the client waits ever longer before its next connection for pictures."""
PLACES = [
    [],
    ["127.0.0.1:1"],
    ["[::1]:1", "0.0.0.0:8080", "127.0.0.1:99999", "1.2.3:4", "256.0.0.1:1", ":", "", "!" * 300],
]
"""What a false server may name as gateways; nothing beyond this machine is tried."""


@pytest.fixture
def server(bare: Circle) -> Iterator[FalseServer]:
    one = FalseServer(bare.context)
    yield one
    one.close()


@pytest.fixture
def talker(server: FalseServer, tmp_path: Path) -> Iterator[Talker]:
    """Return a real client that is connected to the false server and in its room."""
    one = Talker(tmp_path / "vera", server.invite, "Vera")
    try:
        server.wait_online(one)
        server.be_honest(one)
        yield one
    finally:
        one.stop()


def occupy(talker: Talker) -> None:
    """Have the client wait for answers of many kinds."""
    client = talker.client
    client.say(ROOM, "does this arrive?")
    client.people()
    client.open_rooms()
    client.join("somewhere")
    client.direct([b"O" * 8])
    client.rename("Vera")
    client.link_device()
    client.leave(b"x" * 16)
    client.history(ROOM, 0, 50)
    client.fetch(ROOM, secrets.token_bytes(32), 100_000)


def aim(server: FalseServer, frame: AnyFrame) -> AnyFrame:
    """Return a frame as if it were about what the client really waits for."""
    true: dict[str, Any] = {"room": ROOM, "epoch": server.epoch, "request": server.request}
    if server.sent is not None:
        true |= {"outbox_epoch": server.sent.outbox_epoch, "first_n": server.sent.first_n}
        true |= {"expect_n": server.sent.first_n}
    if server.blob is not None:
        true |= {"sha256": server.blob.sha256, "request": server.blob.request, "size": 100_000}
    names = frame._fields  # type: ignore[attr-defined]
    values = {name: value for name, value in true.items() if name in names}
    return frame._replace(**values)  # type: ignore[attr-defined,no-any-return]


def harmless(frame: AnyFrame, places: list[str]) -> AnyFrame:
    """Take the addresses out of a frame, or put in these."""
    if "gateways" not in frame._fields:  # type: ignore[attr-defined]
        return frame
    return frame._replace(gateways=places)  # type: ignore[attr-defined,no-any-return]


@KINDS
def test_lies_of_every_kind(kind: Kind, server: FalseServer, talker: Talker) -> None:
    purpose = Purpose.BULK if kind in BULK else Purpose.TALK
    often = FEW if kind in BULK else MANY
    occupy(talker)
    struck = 0

    def blow(data: bytes) -> None:
        nonlocal struck
        if len(data) > FRAME_MAX_BYTES:
            return
        deadline = time.monotonic() + PATIENCE_S
        while not server.strike(purpose, data):
            # It may be on its way from one connection to the next, more than once.
            assert time.monotonic() < deadline, "nothing can be sent to the client any more"
            server.wait_for(talker, purpose)
        struck += 1
        if struck % 25 == 0:
            server.be_honest(talker)
            occupy(talker)

    @often
    @given(FRAMES[kind], st.sampled_from(PLACES))
    def well_formed(frame: AnyFrame, places: list[str]) -> None:
        blow(encode(aim(server, harmless(frame, places))))

    @often
    @given(mutated(FRAMES[kind].map(lambda frame: encode(harmless(frame, [])))))
    def spoiled(data: bytes) -> None:
        blow(data)

    @often
    @given(st.data())
    def spoiled_but_aimed(data: st.DataObject) -> None:
        frame = aim(server, harmless(data.draw(FRAMES[kind]), []))
        blow(data.draw(mutated(st.just(encode(frame)))))

    well_formed()
    spoiled()
    spoiled_but_aimed()
    assert struck
    server.be_honest(talker)


def test_blocks_that_cannot_be(server: FalseServer, talker: Talker) -> None:
    """Events in the right room and epoch, with blocks of all kinds of wrong contents."""
    struck = 0

    @MANY
    @given(
        st.integers(1, 6) | st.integers(1, 2**62),
        runs,
        mutated(BLOCKS.map(lambda block: encode_block(*block))),
        st.booleans(),
        st.booleans(),
    )
    def strike(first: int, some: Any, spoiled: bytes, whole: bool, live: bool) -> None:
        nonlocal struck
        good = encode_block(min(first, 2**62 - 100), 1, some)
        blocks = [good] if whole else [good, spoiled or b"\0"]
        head = min(first + 5, 2**62 - 1)
        frame: AnyFrame = Events(ROOM, server.epoch, 1, blocks)
        if not live:
            frame = Page(server.request, ROOM, server.epoch, head, whole, blocks)
        data = encode(frame)
        if not server.strike(Purpose.TALK, data):
            server.wait_online(talker)
        struck += 1
        if struck % 10 == 0:
            server.be_honest(talker)
            talker.client.history(ROOM, 0, 500)

    strike()
    server.be_honest(talker)


@pytest.mark.parametrize("code", list(ErrorCode), ids=lambda code: str(code.name))
def test_it_comes_back_after_every_error(
    code: ErrorCode, server: FalseServer, talker: Talker
) -> None:
    occupy(talker)
    for kind in (0, Kind.SEND, Kind.READ, Kind.HELLO):
        server.strike(Purpose.TALK, encode(Error(code, "field", "a lie", kind, server.request)))
        server.wait_online(talker)
    server.strike(Purpose.TALK, encode(Bye(code, "go away", 3_600_000, [])))
    server.be_honest(talker)


def test_messages_that_are_no_frames(server: FalseServer, talker: Talker) -> None:
    good = encode(Events(ROOM, server.epoch, 1, [b"no block"]))
    for parts in (
        (b"",),
        (b"", b""),
        (good, good),
        (b"x",) * 2_000,
        (bytes(FRAME_MAX_BYTES + 1024),),
        (bytes(FRAME_MAX_BYTES * 8),),
    ):
        server.wait_online(talker)
        assert server.strike(Purpose.TALK, *parts)
        server.be_honest(talker)
    for _, data, _, _ in INVALID.values():
        server.strike(Purpose.TALK, data)
    server.be_honest(talker)
    for _ in range(FAULTS_MAX * 3):
        server.strike(Purpose.TALK, secrets.token_bytes(30))
    server.be_honest(talker)
