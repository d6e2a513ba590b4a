"""A fleet: many simulated clients in one process, which do as they are told and write histories.

``python -m tests.faults.fleet PLAN.json``. Commands come from stdin, answers go to stdout, one
JSON object a line each; an end of stdin ends the process at once, so nothing outlives whoever
started it. First comes ``{"is": "ready", …}``, when all are welcome and in their rooms. Commands,
by ``do``:

``send``      say ``per_s`` messages a second from now on; 0: none
``burst``     say ``messages`` at once
``queue``     ``messages`` for each of ``who`` (or all), also while away
``direct``    ``rooms``: rows of the one who asks and the persons of the others
``leave``, ``come``, ``slow`` (``every_ms``), ``twice`` (``on``): ``who``, or all; light ones only
``status``    answered at once with figures
``drain``     stop sending; answered with ``drained`` when nothing waits and all is at head here
``quit``      go in order, final records written; answered with ``quitting``

One thread owns all light clients; each real one has a thread of its own.
"""

import heapq
import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import zmq

from protocol.frames import AnyFrame, Direct, Join
from protocol.invite import Invite
from protocol.logbook import log_to_stderr
from protocol.sockets import Context, raise_file_limit
from tests.faults.fleet.decoding import share
from tests.faults.fleet.light import Light
from tests.faults.fleet.load import Load, Texts
from tests.faults.fleet.plan import ClientPlan, FleetPlan
from tests.faults.fleet.real import Real
from tests.faults.fleet.standing import standing, whole
from tests.faults.fleet.watch import Watch
from tests.faults.nemesis.clocks import follow_clock

TURN_MS = 4
"""A turn takes at least this long, so that what comes is taken together."""

_WAIT_MS = 25
_ASK_AGAIN_MS = 500
_LOOK_MS = 200
_CONNECTING_MAX = 40
"""Newcomers at a time: the coming of a fleet is not what is tested."""


@dataclass(slots=True)
class Wanted:
    """What a client still has to be in."""

    rooms: set[str]
    direct: list[list[bytes]]
    missing: bool = True
    ask_at_ms: int = 0


class Fleet:
    """The clients of this process."""

    def __init__(self, plan: FleetPlan) -> None:
        share()
        self.plan = plan
        self._random = Random(plan.seed)
        self._context: Context = zmq.Context()
        self._context.set(zmq.MAX_SOCKETS, raise_file_limit())
        self._watch = Watch()
        self._invite = Invite.parse(plan.link)
        self._clients: list[Light | Real] = []
        self._owner: dict[object, int] = {}
        self._known: dict[int, tuple[object, ...]] = {}
        self._wakes: list[tuple[int, int]] = []
        self._wake_of: dict[int, int] = {}
        self._ready = False
        self._draining = False
        self._quitting = False
        self._heard = b""
        self._wanted: list[Wanted] = []
        self._flush_at = 0
        self._began_ms = _now_ms()
        os.set_blocking(sys.stdin.fileno(), False)
        self._watch.register(sys.stdin)

    # --- the loop ---------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until told to quit, or left alone."""
        folder = Path(self.plan.folder)
        for one in self.plan.clients:
            self._add(one, folder)
        self._texts = [Texts(one.recorder) for one in self._clients]
        recorders = [one.recorder for one in self._clients]
        self._load = Load(self.plan.clients, recorders, self.plan.weights, self._random)
        while not self._quitting:
            began = time.monotonic()
            self._turn()
            time.sleep(max(0.0, TURN_MS / 1_000 - (time.monotonic() - began)))
        self._quit()

    def _add(self, plan: ClientPlan, folder: Path) -> None:
        random = Random(self._random.getrandbits(64))
        histories = folder / "histories"
        made: Light | Real
        if plan.kind == "real":
            made = Real(plan, self._invite, histories, Path(self.plan.profiles), random)
        else:
            made = Light(plan, self._invite, histories, self._context, self._watch, random)
            made.stay = self.plan.stay
            if len(self._clients) >= _CONNECTING_MAX:
                made.leave()
        self._clients.append(made)
        self._wanted.append(Wanted(set(plan.rooms), []))
        self._wake(len(self._clients) - 1, 0)

    def _turn(self) -> None:
        touched: dict[int, None] = {}
        now_ms = _now_ms()
        wait = min(self._wakes[0][0] - now_ms, _WAIT_MS) if self._wakes else _WAIT_MS
        for socket, _ in self._watch.poll(max(wait, 0)):
            if socket is sys.stdin:
                self._listen()
            elif socket in self._owner:  # else a command that came with it has closed it
                touched[self._owner[socket]] = None
        now_ms = _now_ms()
        touched.update(self._woken(now_ms))
        for place in self._load.due(now_ms):
            self._say(place)
            touched[place] = None
        for place in touched:
            self._serve(place, now_ms)
        if now_ms >= self._flush_at:
            self._flush_at = now_ms + 20
            for one in self._clients:
                if isinstance(one, Light):
                    one.recorder.tick()
            self._look(now_ms)

    def _woken(self, now_ms: int) -> dict[int, None]:
        """Return whose time has come."""
        woken: dict[int, None] = {}
        while self._wakes and self._wakes[0][0] <= now_ms:
            at_ms, place = heapq.heappop(self._wakes)
            if self._wake_of.get(place) == at_ms:
                del self._wake_of[place]
                woken[place] = None
        return woken

    def _serve(self, place: int, now_ms: int) -> None:
        one = self._clients[place]
        if not isinstance(one, Light):
            return
        at_ms = one.turn(now_ms)
        sockets = one.sockets
        if sockets != self._known.get(place):
            for socket in self._known.get(place, ()):
                self._owner.pop(socket, None)
            for socket in sockets:
                self._owner[socket] = place
            self._known[place] = sockets
        self._wake(place, at_ms)

    def _wake(self, place: int, at_ms: int) -> None:
        if self._wake_of.get(place) != at_ms:
            self._wake_of[place] = at_ms
            heapq.heappush(self._wakes, (at_ms, place))

    def _touch(self, place: int) -> None:
        self._wake(place, _now_ms())

    def _say(self, place: int) -> None:
        room = self._load.room(place)
        if room is None:
            return
        one, text = self._clients[place], self._texts[place].next(room)
        if one.plan.lively and self._random.random() < 0.3:
            one.change(room, text)
        else:
            one.say(room, text)

    # --- coming in ----------------------------------------------------------------------------

    def _look(self, now_ms: int) -> None:
        """Have clients ask for the rooms that they are not in yet; tell what is finished."""
        if not self._ready:
            self._admit(now_ms)
        settled = True
        for place, wanted in enumerate(self._wanted):
            one = self._clients[place]
            if not one.recorder.online:
                settled = False
                continue
            if now_ms < wanted.ask_at_ms:
                settled = settled and not wanted.missing
                continue
            questions = self._missing(place)
            wanted.missing = bool(questions)
            wanted.ask_at_ms = now_ms + (_ASK_AGAIN_MS if questions else _LOOK_MS)
            for question in questions:
                settled = False
                one.ask(question, now_ms)
                self._touch(place)
        if settled and not self._ready:
            self._ready = True
            persons = {one.plan.name: one.recorder.person.hex() for one in self._clients}
            _answer("ready", persons=persons, took_ms=now_ms - self._began_ms)
        if self._draining and settled:
            status = self.status()
            if whole([status]):
                self._draining = False
                _answer("drained", **status)

    def _admit(self, now_ms: int) -> None:
        """Let the next ones connect."""
        coming = 0
        for place, one in enumerate(self._clients):
            if isinstance(one, Light) and not one.recorder.online:
                coming += 1
                if coming > _CONNECTING_MAX:
                    return
                if one.is_away:
                    one.come(now_ms)
                    self._touch(place)

    def _missing(self, place: int) -> list[AnyFrame]:
        """Return what to ask for; a server that was restored may have lost rooms again."""
        wanted, recorder = self._wanted[place], self._clients[place].recorder
        rooms = list(recorder.rooms.values())
        questions: list[AnyFrame] = [
            Join(0, name, True) for name in sorted(wanted.rooms - {held.name for held in rooms})
        ]
        if wanted.direct:
            sets = [{*held.members, recorder.person} for held in rooms if held.members]
            questions += [
                Direct(0, people)
                for people in wanted.direct
                if {recorder.person, *people} not in sets
            ]
        return questions

    # --- commands -----------------------------------------------------------------------------

    def _listen(self) -> None:
        try:
            data = os.read(sys.stdin.fileno(), 1 << 16)
        except BlockingIOError:
            return
        if not data:
            os._exit(0)
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        now_ms = _now_ms()
        match command.pop("do"):
            case "send":
                self._load.per_s = command["per_s"]
            case "burst":
                for place in self._load.speakers(command["messages"]):
                    self._say(place)
                    self._touch(place)
            case "queue":
                for place in self._who(command):
                    for _ in range(command["messages"]):
                        self._say(place)
                    self._touch(place)
            case "direct":
                places = {one.plan.name: place for place, one in enumerate(self._clients)}
                for name, people in command["rooms"]:
                    wanted = self._wanted[places[name]]
                    wanted.direct.append([bytes.fromhex(one) for one in people])
                    wanted.ask_at_ms = 0
                self._ready = False
            case "status":
                _answer("status", **self.status())
            case "drain":
                self._load.per_s = 0.0
                self._draining = True
            case "quit":
                self._quitting = True
            case word:
                for place in self._who(command):
                    one = self._clients[place]
                    if isinstance(one, Light):
                        self._change(one, word, command, now_ms)
                        self._touch(place)

    def _change(self, one: Light, word: str, command: dict[str, Any], now_ms: int) -> None:
        match word:
            case "leave":
                one.leave()
            case "come":
                one.come(now_ms)
            case "slow":
                one.slow(command["every_ms"])
            case "twice":
                one.twice = command["on"]
            case _:
                raise ValueError(word)

    def _who(self, command: dict[str, Any]) -> Iterable[int]:
        names = command.get("who")
        every = range(len(self._clients))
        if names is None:
            return every
        wanted = set(names)
        return [place for place in every if self._clients[place].plan.name in wanted]

    # --- figures ------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Say how all stand."""
        now_ms = _now_ms()
        for place in self._woken(now_ms):
            self._serve(place, now_ms)  # what was said in this turn is not in the outbox yet
        recorders = [one.recorder for one in self._clients]
        return standing(recorders, [one.missing for one in self._wanted])

    def _quit(self) -> None:
        status = self.status()
        for one in self._clients:
            if isinstance(one, Light):
                one.recorder.tick()
            one.quit()
        _answer("quitting", **status)
        self._context.destroy(300)


def _answer(what: str, **values: Any) -> None:
    print(json.dumps({"is": what, **values}), flush=True)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def main() -> None:
    """Run the fleet whose plan is in a file."""
    follow_clock()
    log_to_stderr()
    plan = FleetPlan.read(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Fleet(plan).run()


if __name__ == "__main__":
    main()
