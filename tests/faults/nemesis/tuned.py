"""A broker or gateway as it is, with other sizes and another address to tell.

``python -m tests.faults.nemesis.tuned broker …`` (or ``gateway …``, or
``tests.faults.nemesis.switches broker …``) takes the words of that program. The environment says
what is different:

``ZVIAZOK_TEST_ANNOUNCE``   ``HOST:PORT`` under which a gateway says it is reached: that of the
                            proxy in front of it, or clients would go around it.
``ZVIAZOK_TEST_FEED_HWM``   high-water mark of egress and feed, with small buffers below them, so
                            that what is published overflows within a test.
``ZVIAZOK_TEST_CLOCK``      the file that says how far the wall clock is off: ``clocks.py``.
"""

import os
import runpy
import sys

import zmq

from protocol import addresses, sockets
from protocol.keys import KeyPair
from protocol.sockets import Context, Socket
from tests.faults.nemesis.clocks import follow_clock

ANNOUNCE = "ZVIAZOK_TEST_ANNOUNCE"
FEED_HWM = "ZVIAZOK_TEST_FEED_HWM"

_BUFFER_BYTES = 4_096
"""The system doubles it, and has a least one of its own."""

_egress, _feed = sockets.egress, sockets.feed


def main() -> None:
    """Change what shall differ, before the program imports it; then run the program."""
    follow_clock()
    if os.environ.get(ANNOUNCE):
        addresses.reachable = _announced
    if os.environ.get(FEED_HWM):
        sockets.egress, sockets.feed = _small_egress, _small_feed
    module = sys.argv[1]
    sys.argv = [module, *sys.argv[2:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _announced(host: str, port: int) -> tuple[str, ...]:
    return (os.environ[ANNOUNCE],)


def _small_egress(context: Context, keys: KeyPair) -> Socket:
    socket = _egress(context, keys)
    socket.setsockopt(zmq.SNDHWM, int(os.environ[FEED_HWM]))
    socket.setsockopt(zmq.SNDBUF, _BUFFER_BYTES)
    return socket


def _small_feed(context: Context, keys: KeyPair, server_key: bytes) -> Socket:
    socket = _feed(context, keys, server_key)
    socket.setsockopt(zmq.RCVHWM, int(os.environ[FEED_HWM]))
    socket.setsockopt(zmq.RCVBUF, _BUFFER_BYTES)
    return socket


if __name__ == "__main__":
    main()
