"""ZAP when no socket can be made any more: the old handler serves on."""

import pytest
import zmq

from protocol import keys, sockets, zap
from protocol.zap import ZapHandler


def test_a_handler_that_cannot_be_replaced_serves_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zap, "_ROTATE_AFTER", 1)
    monkeypatch.setattr(zap, "_QUIET_S", 0.0)
    context: sockets.Context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 3)
    poller = zmq.Poller()
    handler = ZapHandler(context, lambda *_: True, poller)
    elsewhere: sockets.Context = zmq.Context()
    server_keys = keys.make()
    server = sockets.frontend(context, server_keys)
    port = server.bind_to_random_port("tcp://127.0.0.1")
    poller.register(server, zmq.POLLIN)
    clients: list[sockets.Socket] = []
    # libzmq counts its own reaper and I/O thread too: take what is left.
    spare: list[sockets.Socket] = []
    with pytest.raises(zmq.ZMQError):
        for _ in range(8):
            spare.append(context.socket(zmq.PAIR))
    try:
        for word in (b"one", b"two", b"three"):
            client = sockets.client(elsewhere, keys.make(), server_keys.public)
            clients.append(client)
            client.connect(f"tcp://127.0.0.1:{port}")
            client.send(word)
            for _ in range(2_000):
                ready = dict(poller.poll(5))
                handler.serve()
                if server in ready:
                    break
            assert server.recv_multipart(zmq.DONTWAIT)[1] == word
            handler.serve()
        assert handler.closed == 0
    finally:
        for one in (*clients, *spare, server):
            one.close(linger=0)
        handler.close()
        context.term()
        elsewhere.term()
