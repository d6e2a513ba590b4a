"""What people meet in a week: mutes, two windows, a server that goes and comes, another start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gui.chat.room import State
from gui.views.sheet import Sheet
from protocol.codes import EventKind
from tests.gui.desktopbus import Notifications, SessionBus
from tests.gui.person import Person
from tests.gui.screens import Display, count, rgb, texts_of
from tests.gui.trip import Trip, begun, shared  # noqa: F401


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notifications]:
    with SessionBus(tmp_path) as bus:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        one = Notifications(bus.address)
        yield one
        one.close()


def test_a_muted_room_is_quiet(desktop: Notifications, trip: Trip) -> None:
    seat, friend = trip.seat, trip.friend
    other = seat.go_to(f"{trip.name}-2")
    friend.done(friend.client.join(f"{trip.name}-2"))
    seat.wait_shown(f"Olena {trip.name} joined")
    friend.say(trip.room, "loud")
    seat.wait(lambda: [body for *_, body in desktop.shown] == ["loud"], "a notification")
    place = seat.main.rooms.place_of(trip.room)
    assert place is not None
    seat.click(seat.main.rooms.list.widget, *place, 3)
    seat.choose("Notifications", "None, until I turn them on")
    friend.say(trip.room, "quiet")
    seat.wait(lambda: seat.lists("quiet"), "the last line")
    # What comes after it in another room is told: so the quiet one would have been, by now.
    seat.open_room(trip.room)
    seat.wait_shown("loud", "quiet")
    friend.say(other, "again")
    seat.wait(lambda: len(desktop.shown) == 2, "the other room's")
    assert [body for *_, body in desktop.shown] == ["loud", "again"]


def test_two_windows_see_typing_and_reading(trip: Trip, tmp_path: Path) -> None:
    seat = trip.seat
    link = trip.server.link
    with Display() as second:
        ira = Person(second, tmp_path / "ira", link, "Ira", "light")
        try:
            ira.wait("the connection", lambda shot: count(shot, rgb(ira.palette.online)) > 20)
            seat.wait(lambda: any(one.nick == "Ira" for one in seat.model.people), "Ira")
            (who,) = (one.person for one in seat.model.people if one.nick == "Ira")
            seat.controller.direct((who,))
            seat.wait(lambda: seat.model.title(seat.room) == "Ira", "the direct message")
            seat.main.focus()
            seat.write("come here")
            mine = seat.said("come here")
            assert not [one for one in seat.room.seen_by(mine.seq) if one == who]
            # Ira opens the newest conversation, which is the first one, and sees it.
            ira.press("ctrl+1")
            seat.wait(lambda: who in seat.room.seen_by(mine.seq), "the mark")
            box = seat.timeline.zone_of(mine.key, "state")
            assert box is not None
            canvas = seat.timeline.widget
            x = canvas.winfo_rootx() + box.x + box.w // 2
            y = canvas.winfo_rooty() + box.y + box.h // 2
            seat.display.run("xdotool", "mousemove", str(x), str(y))
            seat.wait(lambda: seat.timeline.signs.hint == "Seen by Ira", "who has read it")

            ira.press("h", "e", "r", "e")
            seat.wait(lambda: "typing" in seat.title(), "that Ira types")
            ira.press("Return")
            seat.wait_shown("here")
            seat.wait(lambda: "typing" not in seat.title(), "that she has done so")
            ira.close()
        finally:
            ira.end()


def test_what_is_written_offline_arrives_after_a_restart(trip: Trip) -> None:
    seat, server = trip.seat, trip.server
    seat.write("before")
    seat.said("before")
    server.kill_gateway(0)
    status = seat.main.status
    seat.wait(lambda: "Reconnecting" in "".join(texts_of(status.widget)), "the honest line")
    seat.write("written in the dark")
    seat.wait_shown("written in the dark")
    assert [one.state for one in seat.room.pending] == [State.QUEUED]
    server.restart_gateway(0)
    trip.friend.client.retry_now()
    seat.click(status.widget, 40, 12)
    seat.said("written in the dark")
    assert not texts_of(status.widget) and status.text == "Connected"
    trip.wait_heard(lambda one: one.body.get("text") == "written in the dark", "it at the friend")
    trip.tell("welcome back")


def test_everything_is_there_again_after_closing(
    trip: Trip,
    tmp_path: Path,
) -> None:
    seat, server, friend = trip.seat, trip.server, trip.friend
    trip.tell("read already")
    other = seat.go_to(f"{trip.name}-2")
    seat.write("in the other one")
    seat.said("in the other one")
    seat.type("half a sentence, пів речення")
    # A file that cannot leave any more is asked about, and goes on at the next start.
    server.kill_gateway(0)
    seat.wait(lambda: "Reconnecting" in seat.main.status.text, "the end of the connection")
    seat.open_room(trip.room)
    seat.wait(lambda: seat.lists("Draft"), "the draft in the list")
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(range(256)) * 4096)
    seat.main.talk.files_dropped([big])
    seat.wait(lambda: Sheet.top() is not None, "the sheet")
    seat.keys("Return")
    seat.wait(lambda: bool(seat.model.transfers), "the upload")
    seat.wait(lambda: any(one.total for one in seat.model.transfers.values()), "its size")
    seat.window.ask_close()
    seat.wait(lambda: Sheet.top() is not None, "the question")
    seat.leave()

    server.restart_gateway(0)
    friend.client.retry_now()
    friend.online()
    friend.say(trip.room, "while away", "and once more")
    friend.hear(trip.room, "while away", "and once more")
    seat.take()
    trip.wait_heard(lambda one: one.kind == EventKind.FILE, "the rest of the upload")
    seat.wait(lambda: seat.lists("Draft"), "the draft in the list")
    seat.open_room(other)
    assert seat.main.composer.words() == "half a sentence, пів речення"
    seat.wait_shown("in the other one")
    seat.open_room(trip.room)
    seat.wait_shown("read already", "while away", "and once more", "big.bin")
