"""Who types, who has read how far, colours and pictures."""

import pytest

from protocol.client import happenings, people
from protocol.client.happenings import Done, Failed, PeopleKnown, PersonInfo, PortraitsCame
from protocol.client.requests import people_question
from protocol.codes import ErrorCode
from protocol.frames import (
    Error,
    Mark,
    Marked,
    Marks,
    PeoplePage,
    Portraits,
    PortraitsPage,
    Presence,
    Profile,
    Profiled,
    Typed,
    Typing,
)
from protocol.limits import PORTRAIT_MAX_BYTES
from tests.protocol.client.bench import Bench, new_store, of
from tests.protocol.client.wire import ROOM

ME, NORA = b"A" * 8, b"N" * 8
JPEG = b"\xff\xd8\xff and so on"


def test_who_types_is_told_but_not_oneself_nor_elsewhere() -> None:
    bench = Bench()
    for frame in (Typed(ROOM, NORA), Typed(ROOM, ME), Typed(b"?" * 16, NORA)):
        bench.give(frame)
    assert of(bench.told, happenings.Typing) == [happenings.Typing(ROOM, NORA)]


def test_typing_is_said_only_where_it_is_heard() -> None:
    bench = Bench()
    membership = bench.session.membership
    membership.typing(ROOM, bench.session.online)
    membership.typing(b"?" * 16, bench.session.online)
    assert bench.step() == [Typing(ROOM)]
    bench.session.disconnected()
    membership.typing(ROOM, bench.session.online)
    bench.session.connected("model:1", bench.now)
    bench.step()
    assert bench.welcome() == []


def test_how_far_one_has_read_is_said_now_or_at_the_next_connection() -> None:
    bench = Bench()
    membership = bench.session.membership
    membership.mark(ROOM, 3, bench.session.online)
    membership.mark(ROOM, 0, bench.session.online)
    assert bench.step() == [Mark(ROOM, 3)]
    bench.session.disconnected()
    for seq in (5, 9, 7):
        membership.mark(ROOM, seq, bench.session.online)
    bench.session.connected("model:1", bench.now)
    bench.step()
    assert bench.welcome() == [Mark(ROOM, 9)]
    bench.session.connected("model:1", bench.now)
    bench.step()
    assert bench.welcome() == []


def test_marks_come_as_they_move_and_when_asked_for() -> None:
    bench = Bench()
    bench.give(Marked(0, ROOM, [[NORA, 4]]))
    bench.give(Marked(0, b"?" * 16, [[NORA, 4]]))
    bench.session.ask(5, Marks(0, ROOM), bench.now)
    bench.session.ask(6, Marks(0, ROOM), bench.now)
    first, second = bench.step()
    bench.give(Marked(first.request, ROOM, [[NORA, 5], [ME, 2]]))
    bench.give(Error(ErrorCode.TOO_MANY, "", "too large a room", 36, second.request))
    assert of(bench.told, happenings.Marked) == [
        happenings.Marked(ROOM, ((NORA, 4),)),
        happenings.Marked(ROOM, ((NORA, 5), (ME, 2))),
    ]
    assert [one.request for one in of(bench.told, Failed)] == [6]


def test_colours_and_pictures_are_known_and_last() -> None:
    store = new_store()
    bench = Bench(store=store)
    bench.session.ask(5, people_question(), bench.now)
    (people,) = bench.step()
    rows = [[ME, "nick", True, 0, b""], [NORA, "Nora", True, 4, b"pppppppp"]]
    bench.give(PeoplePage(people.request, False, rows))
    wanted = PersonInfo(NORA, "Nora", True, 4, b"pppppppp")
    assert of(bench.told, PeopleKnown)[-1].people[1] == wanted
    bench.give(Presence([[NORA, "Nora", True, 5, b""]]))
    bench.session.ask(6, Profile(0, 7, JPEG), bench.now)
    (profile,) = bench.step()
    bench.give(Profiled(profile.request, 7, b"mmmmmmmm"))
    assert Done(6) in bench.told
    assert of(bench.told, PeopleKnown)[-1].people == (
        PersonInfo(ME, "nick", True, 7, b"mmmmmmmm"),
        PersonInfo(NORA, "Nora", True, 5, b""),
    )
    again = Bench(store=store, online=False)
    again.session.begin()
    again.step()
    assert of(again.told, PeopleKnown)[0].people == (
        PersonInfo(ME, "nick", False, 7, b"mmmmmmmm"),
        PersonInfo(NORA, "Nora", False, 5, b""),
    )


def test_pictures_of_people_come_in_one_answer_or_the_request_fails() -> None:
    bench = Bench()
    bench.session.ask(5, Portraits(0, [NORA, ME]), bench.now)
    bench.session.ask(6, Portraits(0, [NORA] * 99), bench.now)
    bench.session.ask(7, Profile(0, 1, JPEG + bytes(PORTRAIT_MAX_BYTES)), bench.now)
    (asked,) = bench.step()
    bench.give(PortraitsPage(asked.request, [[NORA, JPEG]]))
    assert of(bench.told, PortraitsCame) == [PortraitsCame(5, ((NORA, JPEG),))]
    assert [one.request for one in of(bench.told, Failed)] == [6, 7]


def test_people_without_end_are_neither_kept_nor_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "PEOPLE_MAX", 3)
    crowd = people.Crowd(())
    rows = [[bytes([one]) * 8, f"n{one}", True, 0, b"", 0] for one in range(9)]
    assert len(crowd.update(rows)) == 3
    assert crowd.update(rows) == () and len(crowd.known().people) == 3
    assert len(crowd.update([[rows[0][0], "other", True, 0, b"", 0]])) == 1
