"""A gateway's line to the broker: what it sets, so that it is back soon after the network is."""

import zmq

from gateway.line import Line
from protocol import keys
from protocol.addresses import free_ports
from protocol.sockets import Context, backend


def test_a_line_does_not_wait_for_the_system_to_ask_again() -> None:
    # Measured behind dropped SYNs: after 21 s of silence 14 s more without it, and none with it.
    context: Context = zmq.Context()
    socket = backend(context, keys.make(), keys.make().public)
    line = Line(socket, f"tcp://127.0.0.1:{free_ports(1)}")
    try:
        assert 1_000 <= int(socket.getsockopt(zmq.CONNECT_TIMEOUT)) <= 8_000
    finally:
        line.close()
        socket.close(linger=0)
        context.term()
