"""ZAP over real CURVE sockets: who gets in, that doubt keeps out, and that one fault is one."""

import errno
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import zmq

from protocol import zap as zap_module
from protocol.keys import from_z85, make
from protocol.sockets import (
    DOMAIN_CLIENT,
    DOMAIN_PEER,
    Context,
    Socket,
    backend,
    frontend,
    ingress,
)
from protocol.zap import ENDPOINT, Allow, ZapHandler
from tests.protocol.guarded import DEADLINE_S, Caller, Guarded


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def anybody(domain: str, key: bytes) -> bool:
    return True


def received(server: Guarded, socket: Socket) -> zmq.Frame:
    """Wait for one message at a server's socket and return its last frame."""
    server.until(lambda: bool(socket.poll(0)))
    frame: zmq.Frame = socket.recv_multipart(copy=False)[-1]
    return frame


def test_who_is_allowed_enters_and_is_named_by_its_key(stack: ExitStack) -> None:
    keys = make()
    asked: list[tuple[str, bytes]] = []

    def allow(domain: str, key: bytes) -> bool:
        asked.append((domain, key))
        return key == keys.public

    server = Guarded(stack, allow)
    socket, endpoint = server.listen(frontend)
    caller = server.call(endpoint, keys)
    caller.socket.send(b"hello")
    frame = received(server, socket)
    assert frame.bytes == b"hello"
    assert from_z85(str(frame.get("User-Id"))) == keys.public
    assert asked == [(DOMAIN_CLIENT, keys.public)]
    other = make()
    assert not server.enters(endpoint, other)
    assert asked[-1] == (DOMAIN_CLIENT, other.public)


def test_without_a_handler_nobody_enters(stack: ExitStack) -> None:
    """The library lets everybody in where no handler is bound, but for the domain's sake."""
    server = Guarded(stack, None)
    socket, endpoint = server.listen(frontend)
    caller = server.call(endpoint)
    caller.socket.send(b"hello")
    server.until(lambda: caller.entered is not None or caller.disconnected)
    assert not caller.entered
    assert not socket.poll(0)


def test_after_the_handler_nobody_enters(stack: ExitStack) -> None:
    server = Guarded(stack, anybody)
    _, endpoint = server.listen(frontend)
    assert server.enters(endpoint)
    server.end_zap()
    caller = server.call(endpoint)
    server.until(lambda: caller.entered is not None or caller.disconnected)
    assert not caller.entered


def test_while_the_handler_does_not_answer_nobody_enters(stack: ExitStack) -> None:
    server = Guarded(stack, anybody)
    socket, endpoint = server.listen(frontend)
    zap, server.zap = server.zap, None
    caller = server.call(endpoint)
    caller.socket.send(b"hello")
    # It asks; nobody answers.
    assert server.poller.poll(int(DEADLINE_S * 1_000))
    caller.look()
    assert caller.entered is None and not socket.poll(0)
    server.zap = zap
    assert received(server, socket).bytes == b"hello"


def test_a_callback_that_raises_refuses_the_one_and_serves_the_others(
    stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    bad = make()

    def allow(domain: str, key: bytes) -> bool:
        if key == bad.public:
            raise RuntimeError("the list of gateways is broken")
        return True

    server = Guarded(stack, allow)
    socket, endpoint = server.listen(frontend)
    early = server.call(endpoint)
    early.socket.send(b"one")
    assert received(server, socket).bytes == b"one"
    refused = server.call(endpoint, bad)
    refused.socket.send(b"bad")
    late = server.call(endpoint)
    late.socket.send(b"two")
    assert received(server, socket).bytes == b"two"
    server.until(lambda: "refused error=RuntimeError times=1" in caplog.text)
    early.socket.send(b"three")
    assert received(server, socket).bytes == b"three"
    server.until(lambda: refused.entered is not None or refused.disconnected)
    assert not refused.entered and not socket.poll(0)


def test_a_crowd_that_is_refused_does_not_fill_the_log(
    stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    server = Guarded(stack, lambda *_: False)
    _, endpoint = server.listen(frontend)
    zap = server.zap
    assert zap is not None
    assert not server.enters(endpoint)
    server.until(lambda: "refused domain=client times=1" in caplog.text)
    zap._tell_s = time.monotonic() + DEADLINE_S
    for _ in range(20):
        assert not server.enters(endpoint)
    assert caplog.text.count("refused") == 1
    zap._tell_s = 0.0
    server.until(lambda: "refused domain=client times=20" in caplog.text)


@pytest.mark.parametrize("answer", [None, 0, ""])
def test_only_a_clear_yes_is_one(stack: ExitStack, answer: object) -> None:
    allow: Allow = lambda domain, key: answer  # type: ignore[assignment,return-value]  # noqa: E731
    server = Guarded(stack, allow)
    _, endpoint = server.listen(frontend)
    assert not server.enters(endpoint)


def test_a_domain_is_not_another(stack: ExitStack) -> None:
    """A key for the one kind of socket opens no other."""
    client, peer = make(), make()
    rooms = {(DOMAIN_CLIENT, client.public), (DOMAIN_PEER, peer.public)}
    server = Guarded(stack, lambda domain, key: (domain, key) in rooms)
    _, front = server.listen(frontend)
    _, behind = server.listen(ingress)
    assert server.enters(front, client) and server.enters(behind, peer)
    assert not server.enters(front, peer) and not server.enters(behind, client)


def test_without_encryption_nobody_enters(stack: ExitStack) -> None:
    asked: list[bytes] = []

    def allow(domain: str, key: bytes) -> bool:
        asked.append(key)
        return True

    server = Guarded(stack, allow)
    socket, endpoint = server.listen(frontend)
    plain = server.context.socket(zmq.DEALER)
    stack.callback(plain.close, 0)
    named = server.context.socket(zmq.DEALER)
    stack.callback(named.close, 0)
    named.plain_username, named.plain_password = b"ann", b"secret"
    for one in (plain, named):
        one.connect(endpoint)
        one.send(b"let me in")
    stranger = make()
    wrong_server = backend(server.context, stranger, make().public)
    stack.callback(wrong_server.close, 0)
    wrong_server.connect(endpoint)
    caller = server.call(endpoint)
    caller.socket.send(b"hello")
    assert received(server, socket).bytes == b"hello"
    for _ in range(10):
        assert server.enters(endpoint)
    assert not socket.poll(0) and stranger.public not in asked


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ([b"1.0", b"id", b"client", b"", b"", b"CURVE", b"k" * 32], b"200"),
        ([b"1.0", b"id", b"client", b"", b"", b"CURVE", b"k" * 31], b"400"),
        ([b"1.0", b"id", b"client", b"", b"", b"CURVE", b"k" * 32, b"x"], b"500"),
        ([b"1.0", b"id", b"client", b"", b"", b"CURVE"], b"500"),
        ([b"1.0", b"id", b"client", b"", b"", b"PLAIN", b"name", b"word"], b"500"),
        ([b"1.0", b"id", b"client", b"", b"", b"NULL"], b"500"),
        ([b"2.0", b"id", b"client", b"", b"", b"CURVE", b"k" * 32], b"500"),
        ([b"1.0", b"id", b"\xff\xff", b"", b"", b"CURVE", b"k" * 32], b"500"),
        ([b"1.0", b"id"], b"500"),
        ([b"1.0"], b"500"),
        ([b""], b"500"),
    ],
)
def test_every_question_is_answered_and_in_doubt_with_no(
    stack: ExitStack, request_: list[bytes], status: bytes
) -> None:
    server = Guarded(stack, anybody)
    asker = server.context.socket(zmq.REQ)
    stack.callback(asker.close, 0)
    asker.connect(ENDPOINT)
    for _ in range(2):
        asker.send_multipart(request_)
        server.until(lambda: bool(asker.poll(0)))
        answer = asker.recv_multipart()
        assert len(answer) == 6 and answer[2] == status
        assert answer[1] == (b"id" if len(request_) > 1 else b"")
        assert bool(answer[4]) == (status == b"200")


# --- rotation -------------------------------------------------------------------------------


def test_a_new_handler_takes_over_and_nobody_notices(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zap_module, "_ROTATE_AFTER", 3)
    monkeypatch.setattr(zap_module, "_QUIET_S", 0.0)
    monkeypatch.setattr(zap_module, "_GRACE_S", 0.0)
    server = Guarded(stack, anybody)
    zap = server.zap
    assert zap is not None
    socket, endpoint = server.listen(frontend)
    early = server.call(endpoint)
    for turn in range(1, 5):
        for number in range(4):
            late = server.call(endpoint)
            late.socket.send(b"%d" % number)
            assert received(server, socket).bytes == b"%d" % number
        server.until(lambda turn=turn: zap.closed >= turn)  # type: ignore[misc]
        early.socket.send(b"still here")
        assert received(server, socket).bytes == b"still here"


def test_it_waits_for_a_quiet_moment_and_old_handlers_have_their_time(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handshake under way still finds the handler that it asked."""
    monkeypatch.setattr(zap_module, "_ROTATE_AFTER", 1)
    monkeypatch.setattr(zap_module, "_QUIET_S", 1_000.0)
    server = Guarded(stack, anybody)
    zap = server.zap
    assert zap is not None
    socket, endpoint = server.listen(frontend)
    crowd: list[Caller] = []
    for turn in range(1, 4):
        crowd += [server.call(endpoint) for _ in range(20)]
        server.until(lambda crowd=crowd: all(one.entered for one in crowd))  # type: ignore[misc]
        assert len(zap._old) == turn - 1
        zap._quiet_s = 0.0  # as if that time had passed
        server.until(lambda turn=turn: len(zap._old) == turn)  # type: ignore[misc]
    assert zap.closed == 0
    for one in (crowd[0], crowd[-1]):
        one.socket.send(b"hello")
        assert received(server, socket).bytes == b"hello"


def test_without_a_descriptor_the_old_handler_serves_on(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(zap_module, "_ROTATE_AFTER", 1)
    monkeypatch.setattr(zap_module, "_QUIET_S", 0.0)
    server = Guarded(stack, anybody)
    _, endpoint = server.listen(frontend)

    def full(self: ZapHandler) -> Socket:
        raise zmq.ZMQError(errno.EMFILE)

    monkeypatch.setattr(ZapHandler, "_make", full)
    assert server.enters(endpoint)
    server.until(lambda: "not_rotated" in caplog.text)
    assert server.enters(endpoint)


def test_closing_gives_everything_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zap_module, "_ROTATE_AFTER", 1)
    monkeypatch.setattr(zap_module, "_QUIET_S", 0.0)
    context: Context = zmq.Context()
    with ExitStack() as stack:
        server = Guarded(stack, anybody)
        _, endpoint = server.listen(frontend)
        for _ in range(3):
            assert server.enters(endpoint)
        zap = server.zap
        assert zap is not None
        server.until(lambda: len(zap._old) > 0)
        made = [zap._socket, *(one for _, one in zap._old)]
        server.end_zap()
        assert all(one.closed for one in made)
    # The endpoint of another context is its own.
    ZapHandler(context, anybody, zmq.Poller()).close()
    context.term()


def test_a_context_has_one_handler(stack: ExitStack) -> None:
    server = Guarded(stack, anybody)
    with pytest.raises(zmq.ZMQError) as caught:
        ZapHandler(server.context, anybody, zmq.Poller())
    assert caught.value.errno == zmq.EADDRINUSE
    _, endpoint = server.listen(frontend)
    assert server.enters(endpoint)
