"""The client's network thread: owns the sockets, the store and the pictures' folder.

One loop: wait, drain what came (bounded), let the machines look at the time, carry out
what follows. The machines decide (:class:`Session`, :class:`BulkSession`); here bytes and files
move; pictures and files travel with the :class:`Courier`. A storage that fails ends the connection
and begins again from what is on disk, so memory never runs ahead of it. Only ``post``
and ``stop`` may be called from other threads.
"""

import contextlib
import ipaddress
import logging
import queue
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path

import zmq

from protocol.client.bulk import BulkSession
from protocol.client.composing import Composing
from protocol.client.courier import Courier
from protocol.client.gallery import Gallery
from protocol.client.happenings import (
    DISK_FULL,
    Failed,
    Gathered,
    Happening,
    Link,
    LinkChanged,
    PutAside,
)
from protocol.client.link import Link as Connection
from protocol.client.link import LinkDown
from protocol.client.operations import DropEvents, DropRoom, PutAddresses
from protocol.client.outcome import Answer, Drop, Outcome, Touched
from protocol.client.parcels import CLOSING, Parcels
from protocol.client.profile import Profile
from protocol.client.requests import NO_MORE
from protocol.client.route import Route
from protocol.client.session import Session
from protocol.client.shelf import Shelf
from protocol.client.store import Store
from protocol.client.whereabouts import Verdict, Whereabouts
from protocol.codes import ErrorCode
from protocol.errors import DiskFullError, SetupError
from protocol.invite import DEFAULT_PORT, Invite, parse_address
from protocol.sockets import Context

log = logging.getLogger("client")

_COMMANDS_MAX = 256
_GIVE_UP_FAULTS = 20
"""Unexpected faults in a row after which the thread ends rather than spins."""
_ANY_PORT = 9


class Network:
    """Everything that the network thread owns; made by one thread, then run by it alone."""

    def __init__(
        self,
        profile: Profile,
        invite: Invite,
        nick: str,
        agent: str,
        on_happening: Callable[[Happening], None],
    ) -> None:
        """Open the store; raise :class:`SetupError` if it cannot be used."""
        self._profile = profile
        self._invite = invite
        self._greeting = (agent, nick, invite.token)
        self._on_happening = on_happening
        self._random = random.Random()
        self._store = Store(profile.store_path)
        snapshot = self._store.snapshot()
        self._route = Route(
            [*snapshot.addresses[:1], *invite.addresses], snapshot.addresses, self._random
        )
        self.session = self._new_session()
        self._shelf = Shelf(self._store)
        gallery = Gallery(profile.pictures)
        self.parcels = Parcels(
            snapshot.uploads, self.post, self.tell, lambda: self.session, gallery.path
        )
        self.composing = Composing(self._shelf, lambda: self.session, self.parcels.again)
        bulk = BulkSession(*self._greeting, self._random)
        self.courier = Courier(bulk, gallery, self._random, self._open, self.tell, self.parcels)
        self.parcels.use(self.courier.send)
        self._commands: queue.SimpleQueue[Callable[[int], None]] = queue.SimpleQueue()
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)
        self._stopping = False
        self._untidy = True
        """Something of a room that one has left may still be on disk."""
        self._context: Context = zmq.Context()
        self._poller = zmq.Poller()
        self._poller.register(self._wakened, zmq.POLLIN)
        self._link: Connection | None = None
        self._connect_at: int | None = 0
        self._whereabouts = Whereabouts()
        self._own_address = own_address

    def post(self, command: Callable[[int], None]) -> None:
        """Have ``command(now_ms)`` called in the network thread. Any thread."""
        self._commands.put(command)
        # A full pipe wakes as well; a closed one belongs to a thread that has ended.
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def stop(self) -> None:
        """End the loop. Any thread."""
        self.parcels.close()
        self.post(lambda _: setattr(self, "_stopping", True))

    def run(self) -> None:
        """Serve until stopped; nothing is raised."""
        text = ""
        try:
            self.session.begin()
            self._carry_out(_now_ms())
            faults = 0
            while not self._stopping:
                try:
                    self._turn()
                    faults = 0
                except SetupError:
                    raise
                except Exception:  # a fault must cost a connection, never the program
                    faults += 1
                    log.exception("turn_failed count=%d", faults)
                    if faults >= _GIVE_UP_FAULTS:
                        raise
                    self._begin_again("something went wrong in this program")
        except SetupError as error:
            text = str(error)
        except Exception:
            log.exception("network_thread_ended")
            text = "something went wrong in this program; start it again"
        finally:
            self._close()
            self.tell(LinkChanged(Link.STOPPED, text=text))

    def tell(self, happening: Happening) -> None:
        """Hand a happening to the program behind the client; network thread only."""
        try:
            self._on_happening(happening)
        except Exception:
            log.exception("on_happening_failed")

    # --- the loop -------------------------------------------------------------------------------

    def _turn(self) -> None:
        now_ms = _now_ms()
        if now_ms >= self._whereabouts.wake_ms:
            self._look_around(now_ms)
        if self._link is None and self._connect_at is not None and now_ms >= self._connect_at:
            self._connect(now_ms)
        up = self._link is not None and self._link.up
        self.courier.tend(self._route.current() if up else None, now_ms)
        ready = dict(self._poller.poll(self._wait_ms(now_ms)))
        now_ms = _now_ms()
        if self._wakened.fileno() in ready:
            self._run_commands(now_ms)
        if self._link is not None:
            self._drain_link(self._link, ready, now_ms)
        self.courier.turn(ready, now_ms)
        self.session.tick(now_ms)
        self._carry_out(now_ms)
        if self._untidy and not ready:
            self._tidy()

    def _tidy(self) -> None:
        """Delete a slice of the rooms that one has left; messages come first."""
        try:
            self._untidy = self._store.tidy()
        except SetupError as error:
            self._untidy = False  # at the next start; the disk may be full until then
            log.warning("tidy_failed text=%s", error)

    def _wait_ms(self, now_ms: int) -> int:
        if self._untidy:
            return 0
        times = [self.session.wake_ms(now_ms), self.courier.wake_ms(now_ms)]
        times.append(self._whereabouts.wake_ms)
        if self._link is None and self._connect_at is not None:
            times.append(self._connect_at)
        return max(0, min(times) - now_ms)

    def _run_commands(self, now_ms: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wakened.recv(4096)
        for _ in range(_COMMANDS_MAX):
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return
            command(now_ms)
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")  # the rest in the next turn

    def _new_session(self) -> Session:
        snapshot = self._store.snapshot()
        return Session(snapshot, self._profile.keys.public, *self._greeting, self._random)

    # --- the connection to talk -----------------------------------------------------------------

    def retry_now(self, now_ms: int) -> None:
        """Connect at once instead of waiting."""
        if self._link is None:
            self._connect_at = now_ms

    def woke(self, now_ms: int) -> None:
        """The machine was asleep: connect at once, or look whether the connection still lives."""
        self.retry_now(now_ms)
        self.session.probe(now_ms)

    def _look_around(self, now_ms: int) -> None:
        """Connect at once where the machine has come to another network, or to one again."""
        address = self._route.current()
        host = parse_address(address, DEFAULT_PORT)[0]
        verdict = self._whereabouts.seen(host, self._own_address(host), now_ms)
        if verdict is Verdict.SAME or self._refused:
            return
        log.info("network_changed verdict=%s", verdict.value)
        if verdict is Verdict.BACK:
            self.woke(now_ms)
            return
        if self._link is not None:
            self.courier.over()
            self._lost(Drop("the network has changed"), now_ms)
        self.retry_now(now_ms)

    @property
    def _refused(self) -> bool:
        """Whether the server wants no connection: then only the person tries again."""
        return self._link is None and self._connect_at is None

    def _connect(self, now_ms: int) -> None:
        address = self._route.next()
        self._connect_at = None
        self.tell(LinkChanged(Link.CONNECTING, address))
        try:
            self._link = self._open(address)
        except LinkDown as down:
            self._lost(Drop(str(down)), now_ms)

    def _open(self, address: str) -> Connection:
        keys, server_key = self._profile.keys, self._invite.server_key
        return Connection(self._context, self._poller, keys, server_key, address)

    def _drain_link(self, link: Connection, ready: dict[object, int], now_ms: int) -> None:
        if link.socket in ready:
            for data in link.receive():
                self.session.received(data, now_ms)
        if link.monitor in ready:
            try:
                if link.watch():
                    self.session.connected(link.address, now_ms)
            except LinkDown as down:
                self.session.out.end(Drop(str(down)))

    def _lost(self, drop: Drop, now_ms: int) -> None:
        """The connection is over: say so, and plan the next."""
        if self._link is not None:
            self._link.close()
            self._link = None
        self.session.disconnected()
        address = self._route.current()
        log.info("link_lost address=%s code=%d", address, drop.code)
        if drop.final:
            self.tell(LinkChanged(Link.REFUSED, address, drop.text, 0, drop.code))
            return
        wait_ms = self._route.failed() + drop.retry_ms
        self._connect_at = now_ms + wait_ms
        self.tell(LinkChanged(Link.WAITING, address, drop.text, wait_ms, drop.code))

    def _carry_out(self, now_ms: int) -> None:
        """Write, then send, then tell."""
        out = self.session.out.take()
        for index, operation in enumerate(out.operations):
            if isinstance(operation, PutAddresses):
                self._route.learn(operation.addresses)
                out.operations[index] = PutAddresses(self._route.known())
        self._untidy |= any(isinstance(one, DropRoom) for one in out.operations)
        aside: Path | None = None
        try:
            if any(isinstance(one, DropEvents) for one in out.operations):
                aside = self._store.put_aside(time.strftime("%Y%m%d-%H%M%S"))
            self._store.apply(out.operations)
        except SetupError as error:
            if aside is not None:
                # Nothing was dropped: the next try makes another, and only so many are kept.
                with contextlib.suppress(OSError):
                    aside.unlink()
            code = DISK_FULL if isinstance(error, DiskFullError) else 0
            self._fail_requests(out, str(error), code)
            self._begin_again(str(error))
            return
        if out.frames and self._link is not None:
            self._link.send(out.frames)
        if aside is not None:
            log.warning("put_aside reason=server_restored")
            self.tell(PutAside(aside))
        for one in out.told:
            if isinstance(one, Answer | Touched):
                found = self._read(one)
                if found is None:
                    continue
                one = found
            elif isinstance(one, LinkChanged) and one.link is Link.ONLINE:
                self._route.succeeded()
                self._profile.answered(one.address)
            self.tell(one)
        if out.drop is not None:
            self._lost(out.drop, now_ms)

    def _read(self, wanted: Answer | Touched) -> Happening | None:
        recovery = self.session.recovery
        line = recovery.rooms.get(wanted.room)
        if line is not None:
            decode = recovery.decoder(line)
            if isinstance(wanted, Answer):
                return self._shelf.loaded(wanted, decode)
            return self._shelf.changed(wanted, decode)
        if isinstance(wanted, Touched):
            return None
        return Failed(wanted.request, int(ErrorCode.NOT_MEMBER), NO_MORE)

    def _fail_requests(self, out: Outcome, text: str, code: int = 0) -> None:
        """Nothing of ``out`` is on disk: tell only that what was asked for has failed."""
        failed: set[int] = set()
        for one in out.told:
            request = getattr(one, "request", 0)
            if isinstance(one, Failed):
                self.tell(one)
            elif request and request not in failed and not isinstance(one, Gathered):
                failed.add(request)
                self.tell(Failed(request, code, text))

    def _begin_again(self, text: str) -> None:
        """Forget what is only in memory; raise :class:`SetupError` if nothing can be read."""
        old = self.session
        self._lost(Drop(text, retry_ms=1_000), _now_ms())
        old.abandon()
        self._fail_requests(old.out.take(), text)
        self.session = self._new_session()

    # --- the end --------------------------------------------------------------------------------

    def _close(self) -> None:
        if self._link is not None:
            self._link.leave()
            self._link = None
        self.courier.over()
        self.session.abandon()
        self._fail_requests(self.session.out.take(), CLOSING)
        self._store.close()
        self._waker.close()
        self._wakened.close()
        self._context.term()


def own_address(host: str) -> str:
    """Return the address from which this machine would talk to a host; empty if it cannot.

    Nothing is sent and no name is looked up, which could take seconds: for a host with a name
    it is the way to everything else (an address that RFC 5737 keeps for examples).
    """
    try:
        target = ipaddress.ip_address(host)
    except ValueError:
        target = ipaddress.ip_address("192.0.2.1")
    family = socket.AF_INET6 if target.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((str(target), _ANY_PORT))
            return str(asked.getsockname()[0])
    except OSError:
        return ""


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
