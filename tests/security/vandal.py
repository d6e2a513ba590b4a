"""A client that sends whatever bytes it likes, and looks at what comes back.

After each blow it asks for a sign of life (PING), so every answer is known to
belong to that blow. A session that ends is begun again, as often as it takes. Beside it a
pair of friends talks, and must not notice anything.
"""

import os
import secrets
import time
from collections.abc import Sequence

import zmq

from protocol import keys, sockets
from protocol.codes import ErrorCode, Kind, Purpose
from protocol.errors import WireError
from protocol.frames import (
    AnyFrame,
    Bye,
    Error,
    Events,
    Heads,
    Hello,
    Ping,
    Pong,
    Presence,
    Welcome,
    decode,
    encode,
)
from protocol.invite import Invite, endpoint, parse_address
from tests.integration.bare import Bare, Circle
from tests.server import Server

PATIENCE_S = 30.0


class Vandal:
    """One connection; owned by the thread that makes it."""

    def __init__(
        self, context: sockets.Context, invite: Invite, nick: str, purpose: Purpose = Purpose.TALK
    ) -> None:
        self.device = keys.make()
        self.socket = sockets.client(context, self.device, invite.server_key)
        # What the servers must refuse shall leave this end.
        self.socket.setsockopt(zmq.MAXMSGSIZE, -1)
        self.socket.connect(endpoint(*parse_address(invite.addresses[0], 8080)))
        self._hello = encode(Hello("vandal", nick, invite.token, int(Purpose.TALK)))
        self._purpose = purpose
        self.byes = 0
        self.greet()
        if purpose is not Purpose.TALK:
            self.socket.send(encode(Bye(0, "", 0, [])))
            self._hello = encode(Hello("vandal", nick, invite.token, int(purpose)))
            self.greet()

    def close(self) -> None:
        self.socket.close()

    def receive(self, timeout_s: float = PATIENCE_S) -> AnyFrame:
        """Return the next answer; it must be a right frame. What was pushed is passed over."""
        while self.socket.poll(int(timeout_s * 1_000)):
            frame = decode(self.socket.recv())
            if not isinstance(frame, Events | Heads | Presence):
                return frame
        raise TimeoutError("the server says nothing any more")

    def greet(self) -> Welcome:
        """Say HELLO until the answer is WELCOME."""
        self.socket.send(self._hello)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            frame = self.receive()
            if isinstance(frame, Welcome):
                return frame
        raise TimeoutError("no WELCOME came")

    def strike(self, *parts: bytes) -> list[AnyFrame]:
        """Send a message of these parts; return all that came back for it.

        A session that ended over it is begun again.
        """
        nonce = int.from_bytes(os.urandom(6), "big")
        self.socket.send_multipart(list(parts))
        self.socket.send(encode(Ping(nonce)))
        came: list[AnyFrame] = []
        while True:
            frame = self.receive()
            if isinstance(frame, Pong) and frame.nonce == nonce:
                return came
            if isinstance(frame, Error) and _is_about_no_session(frame):
                # The PING has found no session: the blow, or what it counted up to, ended it.
                self.greet()
                return came
            came.append(frame)
            if isinstance(frame, Bye):
                assert frame.code == ErrorCode.FAULTS
                self.byes += 1

    def must_fail(self, code: int, field: str, *parts: bytes) -> None:
        """Strike; the answer must be this ERROR, or BYE(FAULTS) when there were many."""
        came = self.strike(*parts)
        last = parts[-1]
        kind = last[1] if len(parts) == 1 and len(last) > 1 else 0
        over = any(isinstance(one, Bye) for one in came)
        assert over or names(came, code, field, kind), (code, field, kind, came)


def _is_about_no_session(frame: Error) -> bool:
    return frame.code == ErrorCode.NO_SESSION and frame.kind == Kind.PING


class Friends:
    """Two who talk; ``still_talk`` says something and must find it complete and in order."""

    def __init__(self, make: Circle, target: Server) -> None:
        self._one = make(target.invite, f"friend-{secrets.token_hex(4)}")
        self._other = make(target.invite, f"friend-{secrets.token_hex(4)}")
        name = f"quiet-{secrets.token_hex(4)}"
        self.room = self._one.enter(name)
        self._other.enter(name)
        self._said: list[str] = []
        self._target = target

    def still_talk(self, times: int = 3) -> None:
        """Talk, both ways; then look at the processes and their logs."""
        for _ in range(times):
            for speaker, listener in self._both():
                text = f"{len(self._said)} {secrets.token_hex(4)}"
                self._said.append(text)
                speaker.tell(self.room, text)
                for friend in (listener, speaker):
                    friend.hear(self.room, text)
        for one, _ in self._both():
            heard = one.texts(self.room)
            assert heard == self._said, (heard, self._said)
            assert not [frame for frame in one.inbox if isinstance(frame, Error | Bye)]
        for process in (self._target.broker, *self._target.gateways):
            assert process.popen.poll() is None, f"{process.name} is gone:\n{self._target.logs()}"
        assert "Traceback" not in self._target.logs(), self._target.logs()

    def _both(self) -> Sequence[tuple[Bare, Bare]]:
        return (self._one, self._other), (self._other, self._one)


def fault_of(data: bytes) -> WireError | None:
    """Return what is wrong with a frame by the specification's own reading, if anything."""
    try:
        decode(data)
    except WireError as error:
        return error
    return None


def names(came: list[AnyFrame], code: int, field: str, kind: int) -> bool:
    """Say whether one of the answers is an ERROR with all of this."""
    return any(
        (one.code, one.field, one.kind) == (code, field, kind) and one.text
        for one in came
        if isinstance(one, Error)
    )
