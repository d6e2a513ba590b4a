"""How each socket is set up: options as data, with the reason beside each value.

Every function makes a socket that is ready to bind or connect. Whoever calls it
owns the socket, in one thread, until it closes it.
"""

import contextlib
import ctypes
import logging
import os
import secrets
import sys

import zmq

from protocol.errors import SetupError
from protocol.keys import KeyPair, z85
from protocol.limits import BACKPLANE_MAX_BYTES, FRAME_MAX_BYTES

log = logging.getLogger("sockets")

Context = zmq.Context[zmq.Socket[bytes]]
Socket = zmq.Socket[bytes]

DOMAIN_CLIENT = "client"
DOMAIN_PEER = "peer"

_CURVE_BYTES = 33
"""What CURVE adds to a frame, and MAXMSGSIZE counts: a name, a nonce, a code and the flags."""
_HANDSHAKE_MS = 8_000
_BACKLOG = 1_024
_CLIENT_SNDHWM = 256
"""Frames that wait for one client: some five seconds of a busy room at a flush each 20 ms.
Their bytes are shared by all who wait for the same frame."""
_PLANE_HWM = 100_000


def seed_routing_ids() -> None:
    """Seed libc's ``rand()`` before the first socket of a server process.

    libzmq draws its automatic routing ids from it and never seeds it, so they
    would be the same in every run (libzmq#4633).
    """
    seed = int.from_bytes(os.urandom(4), "little")
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
        library.srand(ctypes.c_uint(seed))


def _guard(socket: Socket, keys: KeyPair, domain: str) -> None:
    socket.curve_server = True
    socket.curve_secretkey = z85(keys.secret)
    socket.curve_publickey = z85(keys.public)
    socket.zap_domain = domain.encode()
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
    socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
    socket.setsockopt(zmq.BACKLOG, _BACKLOG)


def _authenticate(socket: Socket, keys: KeyPair, server_key: bytes) -> None:
    socket.curve_serverkey = z85(server_key)
    socket.curve_publickey = z85(keys.public)
    socket.curve_secretkey = z85(keys.secret)
    socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
    # libzmq does not jitter once a maximum is set: draw the start at random.
    socket.setsockopt(zmq.RECONNECT_IVL, 100 + secrets.randbelow(300))
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 3_000)


def _keep_alive(socket: Socket) -> None:
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 60)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, 15)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 4)


def _backplane(socket: Socket) -> None:
    """Set up what all sockets between gateways and broker have in common."""
    _keep_alive(socket)
    socket.setsockopt(zmq.MAXMSGSIZE, BACKPLANE_MAX_BYTES + _CURVE_BYTES)
    socket.setsockopt(zmq.IPV6, 1)


def _beat(socket: Socket) -> None:
    """Have libzmq notice a dead connection; few enough here for its linear timers.

    A gateway must notice it, and push nothing more, before the broker counts it as gone: both
    together, and one beat, are less than ``GATEWAY_DEADLINE_MS``.
    """
    socket.setsockopt(zmq.HEARTBEAT_IVL, 2_000)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 4_000)
    # The broker lets go of a gateway that stands still, and of all that waits for it.
    socket.setsockopt(zmq.HEARTBEAT_TTL, 9_000)


def _never_stop(socket: Socket) -> None:
    """Have libzmq read on, however much waits: what is asked and sent is bounded, not this socket.

    libzmq 4.3.5 aborts the process ("Assertion failed: !_io_error") when a connection whose reading
    was stopped at the high-water mark breaks and a heartbeat of its peer is among what was read: it
    then answers on the broken connection. ``tests/protocol/test_heartbeats.py`` shows it.
    """
    socket.setsockopt(zmq.RCVHWM, 0)


def frontend(context: Context, keys: KeyPair) -> Socket:
    """Make a gateway's ROUTER towards its clients."""
    socket = context.socket(zmq.ROUTER)
    _guard(socket, keys, DOMAIN_CLIENT)
    _keep_alive(socket)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    socket.setsockopt(zmq.SNDHWM, _CLIENT_SNDHWM)
    # A hostile client may send heartbeats, too. How much of it waits is bounded by the drains of a
    # gateway, which end the connection of whoever sends too much, and by its limit of memory.
    _never_stop(socket)
    socket.setsockopt(zmq.MAXMSGSIZE, FRAME_MAX_BYTES + _CURVE_BYTES)
    socket.setsockopt(zmq.IPV6, 1)
    socket.linger = 500
    # No ZMQ_HEARTBEAT_*: libzmq searches its timers linearly (design.md, section 5).
    return socket


def ingress(context: Context, keys: KeyPair) -> Socket:
    """Make the broker's ROUTER for the gateways' batches, or for their reads."""
    socket = context.socket(zmq.ROUTER)
    _guard(socket, keys, DOMAIN_PEER)
    _backplane(socket)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    socket.setsockopt(zmq.SNDHWM, 10_000)
    _never_stop(socket)
    socket.linger = 1_000
    return socket


def egress(context: Context, keys: KeyPair) -> Socket:
    """Make the broker's PUB: an XPUB, which is a PUB that also tells of subscriptions."""
    socket = context.socket(zmq.XPUB)
    _guard(socket, keys, DOMAIN_PEER)
    _backplane(socket)
    socket.setsockopt(zmq.SNDHWM, _PLANE_HWM)
    _never_stop(socket)
    socket.setsockopt(zmq.XPUB_VERBOSE, 1)
    socket.linger = 1_000
    return socket


def backend(context: Context, keys: KeyPair, server_key: bytes) -> Socket:
    """Make a gateway's DEALER towards ingress or reader."""
    socket = context.socket(zmq.DEALER)
    _authenticate(socket, keys, server_key)
    _backplane(socket)
    # Nothing may wait in a pipe for a broker that is not there: its sessions are.
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.setsockopt(zmq.SNDHWM, 1_000)
    _never_stop(socket)
    _beat(socket)
    socket.linger = 500
    return socket


def feed(context: Context, keys: KeyPair, server_key: bytes) -> Socket:
    """Make a gateway's SUB towards the broker's egress."""
    socket = context.socket(zmq.SUB)
    _authenticate(socket, keys, server_key)
    _backplane(socket)
    # A SUB loses subscriptions beyond its own send high-water mark (libzmq#2258).
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.setsockopt(zmq.RCVHWM, _PLANE_HWM)
    _beat(socket)
    socket.linger = 0
    return socket


def client(context: Context, keys: KeyPair, server_key: bytes) -> Socket:
    """Make a client's DEALER; it never reconnects by itself: a new one is made."""
    socket = context.socket(zmq.DEALER)
    _authenticate(socket, keys, server_key)
    _keep_alive(socket)
    socket.setsockopt(zmq.RECONNECT_IVL, -1)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, FRAME_MAX_BYTES + _CURVE_BYTES)
    socket.setsockopt(zmq.IPV6, 1)
    socket.linger = 0
    return socket


def bind(socket: Socket, endpoint: str, what: str) -> str:
    """Bind and return the endpoint in use; raise :class:`SetupError` with what to do."""
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        address = endpoint.removeprefix("tcp://")
        if error.errno == zmq.EADDRINUSE:
            raise SetupError(
                f"{what}: {address} is in use. Stop the program that uses it, or choose "
                "another port with --listen."
            ) from None
        raise SetupError(f"{what}: cannot listen on {address}: {error.strerror}.") from None
    return str(socket.getsockopt_string(zmq.LAST_ENDPOINT))


def receive_known(socket: Socket) -> list[bytes] | None:
    """Return the message that waits; None: of a peer that ZAP has not seen, to be passed over.

    Every connection that a handler let in has a ``User-Id``. Raises :class:`zmq.Again` if
    nothing waits.
    """
    frames = socket.recv_multipart(zmq.DONTWAIT, copy=False)
    try:
        frames[-1].get("User-Id")
    except zmq.ZMQError:
        return None
    return [frame.bytes for frame in frames]


def return_memory() -> None:
    """Give memory that was freed back to the system, where the C library keeps it (glibc)."""
    with contextlib.suppress(OSError, AttributeError):
        if sys.platform == "linux":
            ctypes.CDLL(None).malloc_trim(0)


def raise_file_limit() -> int:
    """Raise the limit of open files as far as allowed (one a connection); return it.

    At the limit libzmq's listener spins (pyzmq#1642), so it must be far away.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit for sockets
        return 1 << 20
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else hard
    if wanted > soft:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return soft
