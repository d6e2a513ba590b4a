"""The doctor's look at the network: does a server answer where it should, and is it this one?

A CURVE handshake with the server's key can succeed with nobody else, so it tells a gateway of this
server from any other program. Nothing is sent but the handshake. Main thread.
"""

import socket
import time
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import zmq
from zmq.utils.monitor import recv_monitor_message

from broker.invitations import read_addresses, state_of
from broker.invites import Book, Mode, digest, read_book
from broker.upkeep.findings import Finding, bad, ok, warn
from protocol.errors import SetupError, ZviazokError
from protocol.invite import DEFAULT_PORT, Invite, endpoint, parse_address
from protocol.keys import load_or_make, make
from protocol.sockets import Context, client

_CONNECT_S = 2.0
_HANDSHAKE_MS = 4_000


class Answer(Enum):
    """What is at an address."""

    OURS = "a gateway of this server"
    OTHER = "another program"
    NOBODY = "nobody"
    UNKNOWN = "a host that this machine does not know"


def ask(address: str, server_key: bytes) -> Answer:
    """Connect to ``HOST:PORT`` and see whether it has the secret half of ``server_key``."""
    host, port = parse_address(address, DEFAULT_PORT)
    try:
        socket.create_connection((host, port), _CONNECT_S).close()
    except socket.gaierror:
        return Answer.UNKNOWN
    except OSError:
        return Answer.NOBODY
    context: Context = zmq.Context()
    try:
        return _shake_hands(context, endpoint(host, port), server_key)
    finally:
        context.destroy(linger=0)


def _shake_hands(context: Context, where: str, server_key: bytes) -> Answer:
    one = client(context, make(), server_key)
    events = one.get_monitor_socket(
        zmq.Event.HANDSHAKE_SUCCEEDED
        | zmq.Event.HANDSHAKE_FAILED_AUTH
        | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
        | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
        | zmq.Event.DISCONNECTED
    )
    try:
        one.connect(where)
        if not events.poll(_HANDSHAKE_MS):
            return Answer.OTHER
        event = recv_monitor_message(events)["event"]
        # Refused only after the keys were proved: it is ours, and does not want this stranger.
        proved = (zmq.Event.HANDSHAKE_SUCCEEDED, zmq.Event.HANDSHAKE_FAILED_AUTH)
        return Answer.OURS if event in proved else Answer.OTHER
    finally:
        one.disable_monitor()
        events.close(linger=0)
        one.close(linger=0)


def check_addresses(data: Path, running: bool) -> Iterator[Finding]:
    """Look at every address where a gateway was last."""
    try:
        addresses = read_addresses(data)
        key = load_or_make(data / "frontend.key").public if _there(data) else None
    except SetupError:
        yield ok("ports", "no gateway has run yet")
        return
    if key is None:
        return
    for address in addresses:
        try:
            answer = ask(address, key)
        except ZviazokError as error:
            yield warn("ports", str(error), "start the server again: it notes its addresses anew")
            continue
        yield _judge(address, answer, running)


def _judge(address: str, answer: Answer, running: bool) -> Finding:
    if answer is Answer.OTHER:
        return bad(
            "ports",
            f"{address} is taken by another program (or by a server with another key)",
            "stop that program, or choose another port: zviazok up --listen HOST:PORT",
        )
    if running and answer is Answer.OURS:
        return ok("ports", f"a gateway answers at {address}")
    if running:
        return bad(
            "ports",
            f"no gateway answers at {address}",
            "see what the gateway's process last said, and start it again",
        )
    if answer is Answer.OURS:
        return warn(
            "ports",
            f"a gateway answers at {address}, but the broker does not run",
            "start the broker again",
        )
    return ok("ports", f"{address} is free")


def check_broker(note: str) -> Iterator[Finding]:
    """Look at the address that a running broker has noted."""
    words = dict(word.split("=", 1) for word in note.split() if "=" in word)
    if "broker" not in words:
        return
    try:
        host, port = parse_address(words["broker"], DEFAULT_PORT)
        for one in (port, port + 1, port + 2):
            socket.create_connection((host, one), _CONNECT_S).close()
    except (OSError, ZviazokError):
        yield bad(
            "broker",
            f"it does not answer at {words['broker']} and the two ports behind it",
            "see what its process last said, and start the server again",
        )
    else:
        yield ok("broker", f"it answers at {words['broker']} and the two ports behind it")


def check_link(text: str, data: Path | None) -> Iterator[Finding]:
    """Look at an invite link: is it whole, is it this server's, does somebody answer?"""
    try:
        invite = Invite.parse(text)
    except ZviazokError as error:
        yield bad("link", str(error), "print it again on the server: zviazok invite")
        return
    if data is not None and _there(data):
        yield from _compare(invite, data)
    if invite.token is None:
        yield ok("link", "it holds no token: it is for people who have joined already")
    for address in invite.addresses:
        answer = ask(address, invite.server_key)
        if answer is Answer.OURS:
            yield ok("link", f"the server of the link answers at {address}")
        else:
            where = "" if answer is Answer.NOBODY else f" (there is {answer.value})"
            yield bad(
                "link",
                f"the server of the link does not answer at {address}{where}",
                "start the server; see that a firewall or router lets the port through; print "
                "the link again: zviazok invite",
            )


def _compare(invite: Invite, data: Path) -> Iterator[Finding]:
    again = "print a new link: zviazok invite"
    try:
        key = load_or_make(data / "frontend.key").public
        token = (data / "invite.token").read_text(encoding="ascii").strip()
    except (SetupError, OSError, UnicodeDecodeError):
        return  # the checks of the folder say it
    if key != invite.server_key:
        yield bad("link", f"it is not of the server in {data}", again)
    elif invite.token is None:
        yield ok("link", f"it is of the server in {data}")
    else:
        yield _compare_token(invite.token, token, read_book(data), data, again)


def _compare_token(token: str, standing: str, book: Book, data: Path, again: str) -> Finding:
    if token == standing:
        if book.mode is Mode.OPEN:
            return ok("link", f"it is of the server in {data}")
        return warn("link", "the server takes counted links only, and this is not one", again)
    for one in book.invites:
        if one.digest == digest(token):
            state = state_of(one, None, time.time_ns() // 1_000_000)
            if state == "open":
                return ok("link", f"it is invite {one.id} of the server in {data}")
            return warn("link", f"it is invite {one.id}, which is {state}", again)
    # A link to one more device of somebody has a token of its own.
    return warn("link", "its token is not the server's invite token", again)


def _there(data: Path) -> bool:
    return (data / "frontend.key").exists()
