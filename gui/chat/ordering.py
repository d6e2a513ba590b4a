"""Keeping order in rooms and on the server: who is in a room, acts, hands, devices, the log.

Lives in the Tk thread. What was asked of the server is answered by "" or by the reason why
not, a sentence in the person's language. Which acts one may do is not decided here.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice

from gui.chat.asking import Asking, Got
from gui.chat.room import NEVER, Room
from gui.chat.serveracts import ServerActs
from gui.chat.standing import SERVER, Standing, apart_by, standing
from gui.words import holdwords
from protocol.client.happenings import (
    ActDone,
    Arrived,
    AuditEntry,
    AuditKnown,
    DeviceInfo,
    DevicesKnown,
    Failed,
    Link,
)
from protocol.codes import Act, DirectRule, EventKind, Role
from protocol.errors import BadNameError
from protocol.limits import PEOPLE_PAGE_MAX
from protocol.names import clean_nick

MEMBERS_S = 60.0
"""Who is in the open room is asked anew after so long: large rooms do not tell who comes."""
AUDIT_PAGES = 5
"""Pages of the log that are read first to know who is banned: a thousand acts."""
AUDIT_S = 60.0
"""Its newest page is read anew after so long: nobody tells of what others did."""
RULES_AT_ONCE = 10
"""Rooms that are asked within a second whether their rules hold in a room of a few, too."""
_MOVES = frozenset(("joined", "left", "kicked", "banned", "role"))
"""Notices after which other people are in a room, or with another role."""

Answer = Callable[[str], None]


class Ordering(Asking):
    """The part of the controller that keeps order."""

    server_acts: ServerActs
    _audited_s: float
    """When the log of the server was asked for last in this session, or NEVER."""

    def standing(self, room: Room | None = None) -> Standing:
        """Return what one may do just now, in the open room or in another one."""
        model, room = self.model, room or self.model.room
        found = standing(room, model.me, model.server_role, self._clock())
        if room is None or model.is_open(room):
            return found
        people = room.info.members if room.info else ()
        there = [who for who, _ in people] or [one.person for one in room.members or ()]
        rule, of = self._apart(there, model.is_direct(room), room)
        return found if of is None else replace(found, apart=rule, apart_of=model.title(of))

    def may_write_to(self, person: bytes) -> bool:
        """Whether the rules of rooms that are known let one write privately to somebody."""
        return self._apart((self.model.me, person), True)[1] is None

    def _apart(
        self, there: Collection[bytes], direct: bool, here: Room | None = None
    ) -> tuple[DirectRule, Room | None]:
        """Return the rule by which these people write nothing apart (``here``), and whose it is."""
        model = self.model
        for room in model.rooms.values() if there else ():
            rule = apart_by(room, model.me, model.server_role, there, direct)
            if rule and room is not here:
                return rule, room
        return DirectRule.FREE, None

    @property
    def now_s(self) -> float:
        """Seconds since 1970 by the clock of this machine."""
        return self._clock()

    def tell(self, problem: str) -> None:
        """Show for a while what could not be done."""
        self._say(problem, bad=True)

    # --- who is here, and what holds --------------------------------------------

    def _new_session(self) -> None:
        """The connection stands anew: what was known of members and of order may be another."""
        self._audited_s = NEVER
        for room in self.model.rooms.values():
            room.members_s, room.ordered = NEVER, False
        self._look_around()

    def _look_around(self) -> None:
        """Ask what only the open room needs: who is in it, and what holds there."""
        room = self.model.room
        if self.model.link.link is not Link.ONLINE:
            return
        if self._audited_s != NEVER and self._clock() - self._audited_s >= AUDIT_S:
            self._know_server()
        if room is None:
            return
        self.ask_order(room)
        self.ask_members(room)
        if not self.model.is_open(room):
            ruling = (
                one for one in self.model.rooms.values()
                if not one.ordered and not self.model.is_direct(one)
            )  # fmt: skip
            for one in tuple(islice(ruling, RULES_AT_ONCE)):
                self.ask_order(one)

    def ask_order(self, room: Room) -> None:
        """Ask what holds in a room, once in a session: what changes is told from then on."""
        online = self.model.link.link is Link.ONLINE
        if online and not room.ordered:
            room.ordered = True
            self._hushed.append(self._client.ask_order(room.room))

    def ask_members(self, room: Room) -> None:
        """Ask who is in a room, unless that was done just now."""
        now_s = self._clock()
        large = len(room.members or ()) > PEOPLE_PAGE_MAX
        if self.model.is_direct(room) or now_s - room.members_s < MEMBERS_S * (10 if large else 1):
            return
        room.members_s = now_s
        self._hushed.append(self._client.ask_members(room.room))

    def _moved(self, arrived: Arrived) -> None:
        """Somebody came or went: ask anew at the next tick, for thirty who come as for one."""
        room = self.model.rooms.get(arrived.room)
        if room is None or not arrived.live or room.members_s == NEVER:
            return
        known = {one.person for one in room.members or ()}
        for one in arrived.messages:
            if one.kind == EventKind.NOTICE:
                moved = one.body.get("what") in _MOVES
            else:
                moved = bool(known) and one.person not in known
            if moved:
                room.members_s = NEVER
                break

    def _know_server(self) -> None:
        """Read what is new in the log of the server, if one may: menus show who is banned."""
        first, now_s = self._audited_s == NEVER, self._clock()
        if self.model.server_role < Role.MODERATOR:
            return
        if first or now_s - self._audited_s >= AUDIT_S:
            self._audited_s = now_s
            if first:
                self.server_acts = ServerActs()
            self._read_log(0, AUDIT_PAGES if first else 1)

    def _read_log(self, before: int, pages: int) -> None:
        acts = self.server_acts

        def got(what: Got) -> None:
            if isinstance(what, AuditKnown):
                acts.take(what.acts)
                if what.more and what.acts and pages > 1:
                    self._read_log(what.acts[-1].no, pages - 1)

        self._ask(self._client.ask_audit(before), got)

    # --- acts -------------------------------------------------------------------

    def act(
        self, act: Act, room: bytes = SERVER, person: bytes = b"", device: bytes = b"",
        value: int = 0, text: str = "", answer: Answer | None = None,
    ) -> None:  # fmt: skip
        """Do something to keep order; ``answer`` gets "" or why not, else a line says it."""

        def got(what: Got) -> None:
            if isinstance(what, ActDone):
                if room == SERVER:
                    self.server_acts.done(act, person, value, self._clock())
                    if answer is None:
                        self._say(self._context.tr("order.in_force"))
                if answer is not None:
                    answer("")
            elif isinstance(what, Failed):
                why = self._refusal(what)
                if answer is not None:
                    answer(why)
                else:
                    self._say(why, bad=True)

        self._ask(self._client.act(act, room, person, device, value, text), got)

    def remove(self, seqs: Sequence[int], where: Room | None = None) -> None:
        """Take messages of others back for everybody, in the open room or in ``where``."""
        room = where or self.model.room
        for seq in seqs if room is not None else ():
            assert room is not None
            self.act(Act.REMOVE, room.room, value=seq)

    def give_nick(self, person: bytes, nick: str, answer: Answer) -> None:
        """Give somebody another nickname."""
        try:
            nick = clean_nick(nick)
        except BadNameError as error:
            answer(self._context.tr(f"window.name_{error.why}"))
            return
        self.act(Act.RENAME, person=person, text=nick, answer=answer)

    def raise_hand(self, room: Room | None = None) -> None:
        """Raise one's hand in the open room, or take it down again."""
        room = room or self.model.room
        if room is None or self.model.is_direct(room):
            return
        stand = self.standing(room)
        if stand.muted is not None:
            today = date.fromtimestamp(self._clock())
            self._say(holdwords.kept_from(self._context.tr, stand, today), bad=True)
        else:
            self._client.raise_hand(room.room, self.model.me not in room.order.hands)

    # --- private rooms ----------------------------------------------------------

    def add_people(self, room: Room, people: Sequence[bytes]) -> None:
        """Bring people into a private room."""

        def got(what: Got) -> None:
            if isinstance(what, ActDone):
                room.members_s = NEVER
                self.ask_members(room)
                self._say(self._context.tr("order.added", len(people)))
            elif isinstance(what, Failed):
                self._say(self._refusal(what), bad=True)

        self._ask(self._client.add_people(room.room, tuple(people)), got)

    # --- devices and the log ----------------------------------------------------

    def devices(self, person: bytes, answer: Callable[[tuple[DeviceInfo, ...], str], None]) -> None:
        """Ask for somebody's devices; ``answer`` gets them, or why not."""

        def got(what: Got) -> None:
            if isinstance(what, DevicesKnown):
                answer(what.devices, "")
            elif isinstance(what, Failed):
                answer((), self._refusal(what))

        self._ask(self._client.ask_devices(person), got)

    def audit(
        self, before: int, answer: Callable[[tuple[AuditEntry, ...], bool, str], None]
    ) -> None:
        """Ask for acts on the server older than a number; ``answer``: acts, more, or why not."""

        def got(what: Got) -> None:
            if isinstance(what, AuditKnown):
                answer(what.acts, what.more, "")
            elif isinstance(what, Failed):
                answer((), False, self._refusal(what))

        self._ask(self._client.ask_audit(before), got)
