"""A client that takes nothing for a while: an answer that it lost never keeps it waiting."""

import secrets
import time

import zmq

from protocol import keys, sockets
from protocol.codes import ErrorCode
from protocol.frames import Ack, Error, Hello, Join, Read, Room, Send, Welcome
from protocol.invite import endpoint, parse_address
from tests.benchmarks.peer import Peer
from tests.integration.bare import PATIENCE_S, Circle, text_item
from tests.server import Server


class Narrow(Peer):
    """A client with next to no room for what waits to be read."""

    def __init__(self, context: sockets.Context, server: Server, nick: str) -> None:
        invite = server.invite
        self.nick, self.device = nick, keys.make()
        self.socket = sockets.client(context, self.device, invite.server_key)
        self.socket.setsockopt(zmq.RCVHWM, 1)
        self.socket.setsockopt(zmq.RCVBUF, 4096)
        self.socket.connect(endpoint(*parse_address(invite.addresses[0], 0)))
        self.hello = Hello("narrow", nick, invite.token, 0)
        self.send(self.hello)
        self.wait_for(Welcome)


def test_who_lost_an_answer_is_told_to_say_hello_again(shared: Server, bare: Circle) -> None:
    anna = bare(shared.invite, f"anna-{secrets.token_hex(4)}")
    name = f"slow-{secrets.token_hex(4)}"
    room = anna.enter(name)
    anna.tell(room, *("x" * 4096 for _ in range(24)))
    context: sockets.Context = zmq.Context()
    ben = Narrow(context, shared, f"ben-{secrets.token_hex(4)}")
    try:
        ben.send(Join(1, name, False))
        ben.wait_for(Room)
        for number in range(2, 802):
            ben.send(Read(number, room, 0, 0, 500))
        deadline = time.monotonic() + PATIENCE_S
        while "lagging slot=" not in shared.gateways[0].complained():
            assert time.monotonic() < deadline, "it was never too slow"
            time.sleep(0.01)
        said = Send(room, b"outbox-1", 1, [text_item("once")])
        ben.send(said)
        anna.hear(room, "once")
        error = ben.wait_for(Error)
        assert isinstance(error, Error) and error.code == ErrorCode.NO_SESSION
        ben.send(ben.hello)
        ben.wait_for(Welcome)
        ben.send(said)
        ack = ben.wait_for(Ack)
        assert isinstance(ack, Ack) and ack.first_seq == max(anna.live[room])
        assert anna.texts(room).count("once") == 1
    finally:
        ben.close()
        context.term()
