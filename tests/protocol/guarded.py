"""A guarded server and its clients over real sockets, in one thread: the stage of ZAP's tests."""

import time
from collections.abc import Callable
from contextlib import ExitStack

import zmq
from zmq.utils.monitor import recv_monitor_message

from protocol import sockets
from protocol.keys import KeyPair, make
from protocol.sockets import Context, Socket
from protocol.zap import Allow, ZapHandler

DEADLINE_S = 30.0
_HANDSHAKE = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)


class Caller:
    """A client's socket and how its handshake ended: ``None`` while it is under way."""

    def __init__(self, socket: Socket, endpoint: str) -> None:
        self.socket = socket
        self._monitor = socket.get_monitor_socket(_HANDSHAKE | zmq.EVENT_DISCONNECTED)
        self.entered: bool | None = None
        self.disconnected = False
        socket.connect(endpoint)

    def look(self) -> None:
        while not self.socket.closed and self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)["event"]
            if event == zmq.EVENT_DISCONNECTED:
                self.disconnected = True
            elif self.entered is None:
                self.entered = event == zmq.EVENT_HANDSHAKE_SUCCEEDED

    def close(self) -> None:
        if self.socket.closed:
            return
        self.socket.disable_monitor()
        self._monitor.close()
        self.socket.close()


class Guarded:
    """One context of a server, with a ZAP handler if ``allow`` is given."""

    def __init__(self, stack: ExitStack, allow: Allow | None) -> None:
        self._stack = stack
        self.keys = make()
        self.context: Context = zmq.Context()
        self._callers_context: Context = zmq.Context()
        for context in (self.context, self._callers_context):
            stack.callback(context.destroy, 0)
        self.poller = zmq.Poller()
        self.zap: ZapHandler | None = None
        if allow is not None:
            self.zap = ZapHandler(self.context, allow, self.poller)
            stack.callback(self.end_zap)
        self._callers: list[Caller] = []

    def end_zap(self) -> None:
        if self.zap is not None:
            self.zap.close()
            self.zap = None

    def listen(self, make_socket: Callable[[Context, KeyPair], Socket]) -> tuple[Socket, str]:
        """Make a server's socket; return it and where it listens."""
        socket = make_socket(self.context, self.keys)
        self._stack.callback(socket.close, 0)
        self.poller.register(socket, zmq.POLLIN)
        return socket, sockets.bind(socket, "tcp://127.0.0.1:*", "test")

    def call(self, endpoint: str, keys: KeyPair | None = None) -> Caller:
        """Connect a client."""
        socket = sockets.client(self._callers_context, keys or make(), self.keys.public)
        caller = Caller(socket, endpoint)
        self._callers.append(caller)
        self._stack.callback(caller.close)
        return caller

    def until(self, condition: Callable[[], bool]) -> None:
        """Serve as a server's loop does, until the condition holds."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come to that"
            self.poller.poll(10)
            if self.zap is not None:
                self.zap.serve()
            for caller in self._callers:
                caller.look()

    def enters(self, endpoint: str, keys: KeyPair | None = None) -> bool:
        """Connect a client and say whether it was let in."""
        caller = self.call(endpoint, keys)
        self.until(lambda: caller.entered is not None)
        return bool(caller.entered)
