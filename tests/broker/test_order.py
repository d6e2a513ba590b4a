"""Order: whatever people do to each other, nobody rises, falls or gets in who must not."""

from random import Random
from typing import Any, NamedTuple

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import tests.strategies  # noqa: F401  # its settings profile: no deadline
from broker.desk import Desk
from broker.directory import Directory, Person, Room
from broker.grants import Grant
from broker.journal import FOREVER_TS, RoomStandingRow
from broker.marks import Marks
from broker.meters import Meters
from broker.office import Office
from broker.order import Order
from broker.orderdesk import SERVER
from broker.profiles import Profiles
from broker.sequencer import Sequencer
from broker.sessions import Sessions
from protocol.backplane import Down, Up
from protocol.codes import Act, Role, RoomKind
from protocol.frames import Act as ActFrame
from protocol.frames import (
    Add,
    AnyFrame,
    Direct,
    Done,
    Hand,
    Join,
    Leave,
    Private,
    decode,
    encode,
)
from tests.broker.stand import FIRST_MS, key
from tests.faults.simulation.journal import Disk, MemoryJournal

PEOPLE = 5
OPEN, GRANTED = "open", "granted"
GRANTS = {OPEN: Grant("", Role.MEMBER, 0, 0), GRANTED: Grant("first", Role.OWNER, 1, 0)}


class State(NamedTuple):
    """Everything that holds, as plain values."""

    server: dict[bytes, tuple[Role, int, bool, bool]]
    devices: dict[bytes, list[bool]]
    rooms: dict[bytes, dict[bytes, tuple[Role, bool, int]]]
    members: dict[bytes, list[bytes]]
    rules: dict[bytes, Any]


class House:
    """A desk on a journal in memory, with one gateway and a session for each person."""

    def __init__(self) -> None:
        self.disk = Disk(Random(1), lambda *_: None)
        self.now_ms = FIRST_MS
        self.open()

    def open(self) -> None:
        self.journal = MemoryJournal(self.disk)
        self.journal.take_over()
        contents = self.journal.contents()
        self.directory = Directory(contents, Random(len(contents.people)).randbytes)
        self.order = Order(self.directory, contents.last_audit_no)
        journal = self.journal
        sequencer = Sequencer(
            journal.epoch,
            contents.last_writer_no,
            journal.writer,
            journal.answers,
            lambda *_: False,
        )
        self.office = Office(
            self.directory,
            sequencer,
            Sessions(),
            Marks([], []),
            Profiles(journal.picture),
            self.order,
            GRANTS.get,
            journal.audit,
            Meters(0),
        )
        self.desk = Desk(self.office)
        self.gateway = self.office.sessions.register(b"gateway1", b"route", [], 0)

    def do(self, *operations: list[Any]) -> list[list[Any]]:
        self.gateway.out.clear()
        batch = self.office.sequencer.begin(self.now_ms)
        self.office.begin(batch, self.now_ms, self.now_ms - FIRST_MS)
        for operation in operations:
            self.desk.handle(self.gateway, operation)
        self.office.sequencer.finish()
        if batch:
            self.journal.append(batch)
        out, self.gateway.out = self.gateway.out, []
        return out

    def ask(self, slot: int, frame: AnyFrame) -> Any:
        """Ask, confirm what is to be confirmed, and return the answer to the slot, if any."""
        said = self.do([Up.ASK, slot, encode(frame)])
        for one in said:
            if one[0] == Down.CONFIRM:
                said += self.do([Up.CONFIRMED, one[1]])
        answers = [decode(one[2]) for one in said if one[0] == Down.FRAME and one[1] == slot]
        request = frame[0]
        return next((one for one in answers if getattr(one, "request", None) == request), None)

    def state(self) -> State:
        people = self.directory.people_by_no
        server = {
            one.person: (one.role, one.muted_until, one.banned, one.nick_locked)
            for one in people.values()
        }
        return State(
            server,
            {one.person: [each.banned for each in one.devices] for one in people.values()},
            {
                room.room: {
                    people[no].person: (row.role, row.banned, row.muted_until)
                    for no, row in room.standings.items()
                }
                for room in self.directory.rooms.values()
            },
            {
                room.room: [one.person for one in room.members.values()]
                for room in self.directory.rooms.values()
            },
            {room.room: room.rules for room in self.directory.rooms.values()},
        )


slots = st.integers(1, PEOPLE)


class Ordering(RuleBasedStateMachine):
    """People act on each other at random; what must hold is asked after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.house = House()
        self.house.do([Up.BEAT])
        self.made: list[bytes] = []

    @initialize()
    def everybody_comes(self) -> None:
        self.made = []
        house = self.house
        batch = house.office.sequencer.begin(house.now_ms)
        house.office.begin(batch, house.now_ms, 0)
        house.desk.ensure_general()
        house.office.sequencer.finish()
        house.journal.append(batch)
        for slot in range(1, PEOPLE + 1):
            token = GRANTED if slot == 1 else OPEN
            house.do([Up.OPEN, slot, key(slot), f"p{slot}", token, 0])
        self.ask(2, Join(7, "kitchen", True))
        self.ask(3, Join(7, "kitchen", False))
        self.ask(3, Private(7, "study", [self.person(slot).person for slot in (1, 4, 5)]))
        self.ask(1, Direct(7, [self.person(2).person]))
        self.made = list(house.directory.rooms)
        study = next(one.room for one in house.directory.rooms.values() if one.name == "study")
        for actor, room, whom in ((1, SERVER, 2), (1, SERVER, 3), (3, study, 4), (3, study, 5)):
            raised = ActFrame(7, Act.ROLE, room, self.person(whom).person, b"", 1, "")
            assert isinstance(self.ask(actor, raised), Done)

    def person(self, slot: int) -> Person:
        device = self.house.directory.device(key(slot))
        assert device is not None
        return device.person

    def ask(self, slot: int, frame: AnyFrame) -> Any:
        return self.house.ask(slot, frame)

    def role(self, state: State, room: Room | None, person: Person) -> Role:
        """What somebody is there, as the specification has it."""
        server = state.server[person.person][0]
        if room is None:
            return server
        own = state.rooms[room.room].get(person.person, (Role.MEMBER,))[0]
        return {
            RoomKind.OPEN: max(server, own),
            RoomKind.PRIVATE: own,
            RoomKind.DIRECT: Role.MEMBER,
        }[room.kind]

    def room(self, place: int) -> bytes:
        return [SERVER, *self.made][place % (len(self.made) + 1)]

    # --- what happens -------------------------------------------------------------------

    @rule(
        slot=slots,
        act=st.sampled_from(Act),
        place=st.integers(0, 6),
        whom=slots,
        value=st.sampled_from((0, 1, 2, 3_600)),
        nick=st.sampled_from(("", "p1", "other")),
    )
    def act(self, slot: int, act: Act, place: int, whom: int, value: int, nick: str) -> None:
        house, actor, person = self.house, self.person(slot), self.person(whom)
        where = self.room(place)
        room = house.directory.rooms.get(where)
        knows = room is None or room.kind is RoomKind.OPEN or actor.no in room.members
        tag = key(whom)[:8] if act in (Act.BAN_DEVICE, Act.UNBAN_DEVICE) else b""
        before = house.state()
        said = self.ask(slot, ActFrame(5, act, where, person.person, tag, value, nick))
        after = house.state()
        mine, theirs = self.role(before, room, actor), self.role(before, room, person)
        if actor.banned and before == after:
            return
        if not isinstance(said, Done):
            assert before == after
            return
        to_nobody = act in (Act.REMOVE, Act.PAUSE, Act.ANNOUNCE, Act.SLOW, Act.DIRECT)
        of_oneself = person is actor and act in (Act.LOWER, Act.BAN_DEVICE, Act.UNBAN_DEVICE)
        assert of_oneself or (mine >= Role.MODERATOR and knows)
        assert act is not Act.ROLE or mine is Role.OWNER
        assert to_nobody or of_oneself or mine > theirs or mine is Role.OWNER
        assert room is None or room.kind is not RoomKind.DIRECT
        self.nobody_rose(
            before,
            after,
            room if act in (Act.KICK, Act.BAN) else None,
            act is Act.ROLE and mine is Role.OWNER,
        )

    def nobody_rose(
        self, before: State, after: State, left: Room | None, by_an_owner: bool
    ) -> None:
        """Nobody gained a role, but by an owner, or where the last owner of a private room went."""
        for person, (role, *_) in after.server.items():
            assert by_an_owner or role <= before.server[person][0]
        for room, standings in after.rooms.items():
            if room not in before.rooms:
                continue
            for person, (role, *_) in standings.items():
                was = before.rooms[room].get(person, (Role.MEMBER,))[0]
                if role <= was or by_an_owner:
                    continue
                assert left is not None and left.room == room and left.kind is RoomKind.PRIVATE
                owners = [one for one, row in before.rooms[room].items() if row[0] is Role.OWNER]
                assert not set(owners) & set(after.members[room])

    @rule(slot=slots, place=st.integers(0, 6))
    def leave(self, slot: int, place: int) -> None:
        room = self.house.directory.rooms.get(self.room(place))
        before = self.house.state()
        self.ask(slot, Leave(5, self.room(place)))
        self.nobody_rose(before, self.house.state(), room, False)

    @rule(slot=slots, name=st.sampled_from(("general", "kitchen", "study")))
    def join(self, slot: int, name: str) -> None:
        before = self.house.state()
        self.ask(slot, Join(5, name, False))
        self.nobody_rose(before, self.house.state(), None, False)

    @rule(slot=slots, place=st.integers(0, 6), whom=slots)
    def add(self, slot: int, place: int, whom: int) -> None:
        house, room = self.house, self.house.directory.rooms.get(self.room(place))
        before = house.state()
        may = room is not None and self.role(before, room, self.person(slot)) >= Role.MODERATOR
        said = self.ask(slot, Add(5, self.room(place), [self.person(whom).person]))
        self.nobody_rose(before, house.state(), None, False)
        assert (may and room and room.kind is RoomKind.PRIVATE) or not isinstance(said, Done)

    @rule(slot=slots, place=st.integers(0, 6), up=st.booleans())
    def hand(self, slot: int, place: int, up: bool) -> None:
        self.ask(slot, Hand(self.room(place), up))

    @rule(slot=slots)
    def come_back(self, slot: int) -> None:
        """Say HELLO once more, also with an invite that is used up."""
        before = self.house.state()
        (said,) = self.house.do([Up.OPEN, slot, key(slot), None, GRANTED, 0])
        device = self.house.directory.device(key(slot))
        assert device is not None
        kept_out = device.banned or device.person.banned
        assert said[0] == (Down.CLOSED if kept_out else Down.OPENED)
        assert self.house.state() == before

    @rule(ms=st.sampled_from((1, 1_000, 3_600_000)))
    def time_goes_on(self, ms: int) -> None:
        self.house.now_ms += ms

    @rule()
    def restart(self) -> None:
        before = self.house.state()
        self.house.open()
        assert self.house.state() == before
        for slot in range(1, PEOPLE + 1):
            self.house.do([Up.OPEN, slot, key(slot), None, None, 0])

    # --- what must hold -----------------------------------------------------------------

    @invariant()
    def the_server_keeps_an_owner(self) -> None:
        owners = [row for row in self.house.state().server.values() if row[0] is Role.OWNER]
        assert not self.made or any(not banned for _, _, banned, _ in owners)

    @invariant()
    def a_private_room_keeps_an_owner(self) -> None:
        for room in self.house.directory.rooms.values():
            if room.kind is RoomKind.PRIVATE and room.members:
                roles = [self.house.order.role(room, one) for one in room.members.values()]
                assert Role.OWNER in roles

    @invariant()
    def who_is_banned_is_out_and_who_is_out_has_no_role(self) -> None:
        for room in self.house.directory.rooms.values():
            for no, standing in room.standings.items():
                assert standing.role is Role.MEMBER or no in room.members
                assert not (standing.banned and no in room.members)
                assert standing != RoomStandingRow(room.no, no, Role.MEMBER, False, 0)
        for person in self.house.directory.people_by_no.values():
            assert not person.banned or person.role is Role.MEMBER
            assert not person.banned or not self.house.office.sessions.of(person)
            assert person.muted_until <= FOREVER_TS

    @invariant()
    def a_direct_message_knows_no_order(self) -> None:
        for room in self.house.directory.rooms.values():
            if room.kind is RoomKind.DIRECT:
                assert not room.standings and room.rules is None

    @invariant()
    def what_is_free_is_what_has_no_rules(self) -> None:
        for room in self.house.directory.rooms.values():
            muted = any(one.muted_until for one in room.standings.values())
            rules = self.house.order.rules(room)
            something = rules.paused or rules.announce or rules.slow_s or muted
            assert room.free is (room.kind is RoomKind.OPEN and not something)
            assert (room.no in self.house.order.directs) is bool(rules.direct)


TestOrdering = Ordering.TestCase
TestOrdering.settings = settings(max_examples=60, stateful_step_count=40)
