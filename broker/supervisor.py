"""``zviazok up``: one broker, some gateways and a window, as processes that are looked after.

The supervisor holds no socket and no state of the chat. It starts the broker,
waits for its ready line, starts the gateways with the broker's key, prints the
invite link, and starts again what dies. Its one thread (the main one) takes
what happens from a queue; readers of the children's output and the signal
handler put it there.
"""

import argparse
import importlib.util
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

from broker.child import Child, Ended, News, Said, Signalled
from broker.firstowner import is_owned, owner_token, withdraw
from broker.invitations import make_invite, reach_note
from broker.restarts import Restarts
from protocol.addresses import check_listen, free_ports, ports_are_free
from protocol.errors import ZviazokError
from protocol.folders import server_folder, server_place
from protocol.invite import (
    DEFAULT_PORT,
    LINK_VARIABLE,
    OWNER_VARIABLE,
    Invite,
    join_address,
    parse_address,
)
from protocol.process import EXIT_STOP
from protocol.words import WordParser

DEFAULT_LISTEN = f"127.0.0.1:{DEFAULT_PORT}"
BROKER_HOST = "127.0.0.1"
GATEWAYS_MAX = 64
STOP_S = 10.0
"""Seconds that the children have for stopping before they are killed."""

_TICK_S = 0.5
_BROKER = "broker"
_WINDOW = "window"


class Supervisor:
    """The processes of one server; ``run`` returns the exit status."""

    def __init__(self, data: Path, host: str, port: int, gateways: int, window: bool) -> None:
        """Plan, but start nothing; ``port`` is the first gateway's."""
        self._data = data
        self._window = window
        self._listen = {
            f"gateway-{number + 1}" if gateways > 1 else "gateway": join_address(
                host, port + number
            )
            for number in range(gateways)
        }
        self._news: SimpleQueue[News] = SimpleQueue()
        self._broker_port = free_ports(3, BROKER_HOST)
        self._broker_key = ""
        self._children: dict[str, Child] = {}
        self._restarts = {name: Restarts() for name in (_BROKER, *self._listen)}
        self._due: dict[str, float] = {}
        self._unready = set(self._listen)
        self._owner_due = False
        """The window has a link that makes an owner."""
        self._status: int | None = None

    def run(self) -> int:
        """Serve until a signal comes, or until a child says that it cannot."""
        for number in _stop_signals():
            signal.signal(number, self._on_signal)
        self._start(_BROKER)
        try:
            while self._status is None:
                self._step()
        finally:
            self._stop()
        return self._status

    def _on_signal(self, *_: object) -> None:
        self._news.put(Signalled())

    def _step(self) -> None:
        for name in [one for one, due in self._due.items() if due <= time.monotonic()]:
            del self._due[name]
            self._start(name)
        wait_s = min([_TICK_S, *(due - time.monotonic() for due in self._due.values())])
        try:
            news = self._news.get(timeout=max(0.0, wait_s))
        except Empty:
            return
        match news:
            case Said(child, line):
                self._said(child, line)
            case Ended(child, status):
                self._ended(child, status)
            case Signalled():
                self._status = 0

    def _start(self, name: str) -> None:
        place = ["--data", str(self._data)]
        if name == _BROKER:
            words = ["broker", *place, "--listen", join_address(BROKER_HOST, self._broker_port)]
        else:
            broker = join_address(BROKER_HOST, self._broker_port)
            words = ["gateway", *place, "--listen", self._listen[name], "--broker", broker]
            # One word: a key may begin with a dash.
            words.append(f"--broker-key={self._broker_key}")
        self._children[name] = Child(name, words, self._news, leashed=True)

    def _said(self, child: Child, line: str) -> None:
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if not line.startswith("ready ") or child.name not in self._restarts:
            _note(f"{child.name}: {line}")
            return
        self._restarts[child.name].ready()
        if child.name == _BROKER:
            if not self._broker_key:
                self._broker_key = words["key"]
                for name in self._listen:
                    self._start(name)
        elif child.name in self._unready:
            self._unready.discard(child.name)
            if not self._unready:
                self._serve()

    def _serve(self) -> None:
        """Tell the people at the keyboard that all stands, and open the window."""
        invite = make_invite(self._data, self._listen.values())
        if invite.token is None:
            _say("Zviazok is running. New people need a counted link: zviazok invite --help")
            _say("Who has joined comes in with this one:")
        else:
            _say("Zviazok is running. People join with this link:")
        _say(str(invite))
        note = reach_note(invite)
        if note:
            _say(f"({note})")
        _say("Ctrl+C stops the server.")
        if not self._window:
            self._say_owner()
            return
        missing = missing_for_window()
        if missing:
            _say(f"No window: {missing}. The server goes on.")
            self._say_owner()
            return
        links = {LINK_VARIABLE: str(invite), **self._owner_link(invite)}
        self._children[_WINDOW] = Child(_WINDOW, ["gui"], self._news, False, links)

    def _say_owner(self) -> None:
        """Tell how somebody comes to be in charge, where no window makes its person that."""
        with suppress(ZviazokError):  # whoever looks after the journal will be told
            if not is_owned(self._data):
                _say("Nobody is in charge of it yet. For a link that makes an owner:")
                place = "" if self._data == server_place(None) else f" --data '{self._data}'"
                _say(f"zviazok invite --role owner{place}")

    def _owner_link(self, invite: Invite) -> dict[str, str]:
        """Return what makes the person at this window the owner, while there is none.

        It goes where the link goes, and nowhere else: whoever reads this terminal must not have it.
        """
        try:
            token = owner_token(self._data, time.time_ns() // 1_000_000)
        except ZviazokError as error:
            _note(f"the window's person does not become the owner: {error}")
            return {}
        self._owner_due = bool(token)
        return {OWNER_VARIABLE: str(replace(invite, token=token))} if token else {}

    def _withdraw(self) -> None:
        """End the window's link that makes an owner: there is no window for it any more."""
        if not self._owner_due:
            return
        self._owner_due = False
        try:
            withdraw(self._data)
        except ZviazokError as error:
            _note(f"a link that makes an owner could not be ended: {error}")

    def _ended(self, child: Child, status: int) -> None:
        del self._children[child.name]
        if child.name == _WINDOW:
            self._withdraw()
            how = "The window is closed" if status == 0 else "The window could not go on"
            _say(f"{how}; the server goes on. Ctrl+C stops it.")
            return
        if child.name == _BROKER and not self._broker_key and self._elsewhere(status):
            return
        delay_s = self._restarts[child.name].after(status, child.lived_s())
        if delay_s is None:
            # A child that asks for this has said why, on its own last line.
            if status != EXIT_STOP:
                _note(f"the {child.name} cannot run (status {status}); everything stops")
            self._status = 1
            return
        _note(f"the {child.name} ended with status {status}; it starts again in {delay_s:g} s")
        self._due[child.name] = time.monotonic() + delay_s

    def _elsewhere(self, status: int) -> bool:
        """Move a broker that never served if somebody took its ports just before it."""
        if status != EXIT_STOP or ports_are_free(self._broker_port, 3, BROKER_HOST):
            return False
        self._broker_port = free_ports(3, BROKER_HOST)
        self._due[_BROKER] = time.monotonic()
        return True

    def _stop(self) -> None:
        """Stop window and gateways, then the broker, so that what they hold is still stored."""
        self._end([name for name in self._children if name != _BROKER])
        self._withdraw()
        self._end([name for name in self._children if name == _BROKER])

    def _end(self, names: list[str]) -> None:
        for name in names:
            self._children[name].stop()
        deadline = time.monotonic() + STOP_S
        killed = False
        while left := [name for name in names if name in self._children]:
            try:
                news = self._news.get(timeout=_TICK_S)
            except Empty:
                news = None
            if isinstance(news, Ended):
                self._children.pop(news.child.name, None)
            late = time.monotonic() > deadline
            if killed and late:
                return
            if not killed and (late or isinstance(news, Signalled)):
                killed = True
                deadline = time.monotonic() + STOP_S
                for name in left:
                    if name in self._children:
                        _note(f"the {name} does not stop; ending it")
                        self._children[name].kill()


def main(argv: list[str] | None = None) -> int:
    """Run a whole server until it is stopped; return the exit status."""
    parser = WordParser(
        prog="zviazok up",
        description="Start a server on this machine (a broker and gateways, each a process), "
        "print the link with which people join, and open a window.",
        epilog="For others to join: zviazok up --listen 0.0.0.0:8080 --no-gui. "
        "Ctrl+C stops everything.",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the server's data folder (made if missing)"
    )
    parser.add_argument(
        "--listen",
        default=DEFAULT_LISTEN,
        metavar="HOST:PORT",
        help="where people connect; 0.0.0.0 is every address of this machine "
        f"(default {DEFAULT_LISTEN})",
    )
    parser.add_argument(
        "--gateways",
        type=_count,
        default=1,
        metavar="N",
        help="gateway processes, on PORT, PORT+1, … (default 1)",
    )
    parser.add_argument("--no-gui", action="store_true", help="serve only, open no window")
    options = parser.parse_args(argv)
    try:
        host, port = parse_address(options.listen, DEFAULT_PORT)
    except ZviazokError as error:
        parser.error(f"--listen: {error}")
    if port + options.gateways - 1 > 65535:
        parser.error("--listen: the last gateway's port would be above 65535")
    try:
        for number in range(options.gateways):
            check_listen(host, port + number)
        data = server_folder(options.data)
        return Supervisor(data, host, port, options.gateways, not options.no_gui).run()
    except ZviazokError as error:
        print(f"zviazok up: {error}", file=sys.stderr)
        return 1


def missing_for_window() -> str:
    """Return what keeps this machine from showing a window, or nothing."""
    if sys.platform not in ("win32", "darwin") and not os.environ.get("DISPLAY"):
        return "there is no display here"
    if importlib.util.find_spec("_tkinter") is None:
        return "this Python has no tkinter (on Debian: apt install python3-tk)"
    return ""


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= GATEWAYS_MAX):
        raise argparse.ArgumentTypeError(f"must be from 1 to {GATEWAYS_MAX}")
    return int(text)


def _stop_signals() -> list[int]:
    found = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGBREAK"):
        found.append(signal.SIGBREAK)
    # Under nohup a closed terminal is ignored, and stays so.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        found.append(signal.SIGHUP)
    return [int(one) for one in found]


def _say(text: str) -> None:
    # Whoever read this may be gone; the server is there for others too.
    with suppress(OSError):
        print(text, flush=True)


def _note(text: str) -> None:
    with suppress(OSError):
        print(f"zviazok up: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
