"""A window at a private room with fake answers: what its menus offer, and what it asked for."""

from dataclasses import replace

from gui.views.popmenu import Choice
from protocol.client.happenings import (
    ActDone,
    Failed,
    OrderKnown,
    PeopleKnown,
    RoomInfo,
    RoomOrder,
    RoomsChanged,
)
from protocol.codes import Role, RoomKind
from tests.gui.conftest import Bench
from tests.gui.fakes import (
    DIRECT,
    EPOCH,
    GENERAL,
    ME,
    OLENA,
    PEOPLE,
    info,
    members_known,
)

CLUB = b"c" * 16
SERVER = bytes(16)


def ready(bench: Bench, language: str = "en", scale: float = 1.0) -> None:
    """A window at a private room, of which one is the owner."""
    bench.open(language=language, scale=scale)
    bench.enter()
    club = RoomInfo(CLUB, RoomKind.PRIVATE, "Club", (), EPOCH, 0, 0, 0)
    direct = info(DIRECT, "", 0, ((ME, "Marko"), (OLENA, "Olena")))
    bench.tell(RoomsChanged((info(GENERAL, "general"), direct, club)), members_known(CLUB, PEOPLE))
    bench.main.open_room(CLUB)
    order(bench, roles=((ME, Role.OWNER),))


def order(bench: Bench, **rules: object) -> None:
    bench.tell(OrderKnown(CLUB, RoomOrder(**rules)))  # type: ignore[arg-type]


def server_role(bench: Bench, role: int) -> None:
    bench.tell(PeopleKnown((replace(PEOPLE[0], role=role), *PEOPLE[1:])))


def lines(choices: "list[Choice] | tuple[Choice, ...]") -> list[str]:
    found = []
    for one in choices:
        found += [one.words, *lines(one.inside)]
    return [one for one in found if one]


def menu_of(bench: Bench, nick: str) -> list[str]:
    """What the menu of somebody in the people column offers, with what is inside."""
    place = bench.main.people.place_of(nick)
    assert place is not None, nick
    bench.click(bench.main.people.list.widget, *place)
    assert bench.main.menu.open
    return lines(list(bench.main.menu.choices))


def choose(bench: Bench, *several: str) -> None:
    """Choose lines of the open menu, each inside the one before."""
    for words in several:
        index = [one.words for one in bench.main.menu.choices].index(words)
        bench.main.menu.choose(index)
        bench.settle()


def acts(bench: Bench) -> list[tuple[object, ...]]:
    return [args for _, args in bench.client.asked("act")]


def answer(bench: Bench, code: int = 0, field: str = "") -> None:
    """Answer the last act."""
    request = bench.client.asked("act")[-1][0]
    bench.tell(Failed(request, code, "no", field) if code else ActDone(request))
