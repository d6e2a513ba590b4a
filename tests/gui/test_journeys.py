"""What people do in a day: a real server, a real window, real keys, and what can be seen of it."""

import json
from functools import partial
from pathlib import Path

from PIL import Image

from gui.paint.theme import DARK, LIGHT
from gui.views.archivesheet import ArchiveSheet
from gui.views.settings.settingssheet import SettingsSheet
from gui.views.sheet import Sheet
from protocol.client.happenings import Fetched
from protocol.codes import EventKind
from tests.gui.archives import png
from tests.gui.screens import count, rgb, texts_of
from tests.gui.seat import Seat
from tests.gui.trip import Trip, begun, shared  # noqa: F401
from tests.gui.writing import Owner

SCRIPTS = (
    "Hello there", "Привіт, їжаку", "Zażółć gęślą jaźń", "Объявление: ёлка", "สวัสดีครับ น้ำ",
)  # fmt: skip


def test_messages_in_five_scripts_go_both_ways(trip: Trip) -> None:
    seat = trip.seat
    for words in SCRIPTS:
        seat.write(words)
    trip.wait_heard(lambda one: one.body.get("text") == SCRIPTS[-1], "the last one to arrive")
    assert trip.friend.texts(trip.room) == list(SCRIPTS)
    seat.wait_shown(*SCRIPTS)
    trip.tell(*(f"{words} too" for words in SCRIPTS))
    seat.wait(lambda: seat.lists("Olena mifsgb:"), "the newest one in the list")
    # What is typed while one reads further up comes to the end, and the view with it.
    for number in range(30):
        trip.friend.say(trip.room, f"line {number}")
    seat.wait_shown("line 29")
    seat.wheel(-12)
    assert not seat.timeline.at_end and not seat.shows("line 29")
    trip.friend.say(trip.room, "below")
    button = seat.timeline.signs
    seat.wait(lambda: "1" in texts_of(seat.timeline.widget, "jump"), "the count at the button")
    assert button.button is not None and not seat.shows("below")
    box = button.button
    seat.click(seat.timeline.widget, box.x + box.w // 2, box.y + box.h // 2)
    seat.wait_shown("below")


def test_acting_on_messages(trip: Trip) -> None:
    seat = trip.seat
    trip.tell("one question")
    asked = seat.said("one question")
    seat.act(asked, "reply")
    seat.write("one answer")
    got = trip.wait_heard(lambda one: one.body.get("text") == "one answer", "the answer")
    assert got.body["reply"] == asked.seq

    seat.act(seat.said("one question"), "\U0001f44d")
    seat.wait(
        lambda: seat.timeline.zone_of(asked.key, "chip", "\U0001f44d") is not None, "the chip"
    )
    trip.wait_heard(lambda one: bool(one.reactions) and one.seq == asked.seq, "the reaction")
    trip.friend.client.react(trip.room, seat.said("one answer").seq, "\u2764\ufe0f", True)
    seat.wait(
        lambda: (
            seat.timeline.zone_of(seat.said("one answer").key, "chip", "\u2764\ufe0f") is not None
        ),
        "the friend's",
    )

    seat.main.focus()
    seat.keys("Up")
    seat.wait(lambda: seat.main.composer.words() == "one answer", "the words to edit")
    seat.keys("ctrl+a")
    seat.write("a better answer")
    seat.wait_shown("a better answer", "edited")
    trip.wait_heard(lambda one: one.edited and "better" in one.body["text"], "the edit")

    # The quote leads back to what it answers.
    entry = seat.said("a better answer")
    quote = seat.timeline.zone_of(entry.key, "quote")
    assert quote is not None
    seat.click(seat.timeline.widget, quote.x + 10, quote.y + 5)
    seat.wait(lambda: seat.timeline.travel.flashed == asked.key, "the flash")

    other = seat.go_to(f"{trip.name}-2")
    seat.open_room(trip.room)
    seat.act(seat.said("one question"), "forward")
    seat.wait(lambda: Sheet.top() is not None, "the sheet")
    seat.type("-2")
    seat.keys("Return")
    seat.wait(lambda: Sheet.top() is None, "the sheet to go")
    seat.open_room(other)
    seat.wait_shown("one question", f"from Olena {trip.name}")

    seat.open_room(trip.room)
    seat.act(seat.said("a better answer"), "delete")
    seat.wait(lambda: Sheet.top() is not None, "the question")
    seat.keys("Return")
    seat.wait(lambda: not seat.shows("a better answer"), "the words to go")
    seat.wait_shown(seat.window.tr("wording.deleted"))
    trip.wait_heard(lambda one: one.deleted, "the deletion")


def test_a_picture_is_pasted_and_a_file_sent(trip: Trip, tmp_path: Path) -> None:
    seat, green = trip.seat, (0, 176, 80)
    with Owner(seat, "image/png", png(240, "#00b050")):
        seat.keys("ctrl+v")
        seat.wait(lambda: count(seat.shot(), green, 6) > 5000, "the preview")
    seat.type("зелене")
    seat.keys("Return")
    seat.wait(lambda: Sheet.top() is None, "the sheet to go")
    seat.wait_shown("зелене")
    # Less the round corners.
    seat.wait(lambda: 0.95 * 240 * 240 < count(seat.shot(), green, 6) <= 240 * 240, "the thumbnail")
    got = trip.wait_heard(lambda one: one.kind == EventKind.IMAGE, "the picture")
    assert got.body["caption"] == "зелене" and got.body["width"] == 240

    notes = tmp_path / "нотатки.txt"
    notes.write_text("everything\n" * 1000)
    with Owner(seat, "text/uri-list", notes.as_uri().encode() + b"\r\n"):
        seat.keys("ctrl+v")
        seat.wait(lambda: Sheet.top() is not None, "the sheet")
    seat.keys("Return")
    seat.wait_shown("нотатки.txt")
    got = trip.wait_heard(lambda one: one.kind == EventKind.FILE, "the file")
    client = trip.friend.client
    fetched = trip.friend.outcome(client.fetch(trip.room, got.body["sha256"], got.body["size"]))
    assert isinstance(fetched, Fetched) and fetched.path.read_bytes() == notes.read_bytes()

    # The friend's picture is fetched by a click on its thumbnail, and fills the window.
    picture = tmp_path / "red.png"
    Image.new("RGB", (900, 600), "#c00020").save(picture)
    client.send_image(trip.room, picture)
    red = (192, 0, 32)
    seat.wait(lambda: count(seat.shot(), red, 8) > 50_000, "the thumbnail")
    place = seat.timeline.picture_of(seat.room.entries[-1].key)
    assert place is not None
    seat.click(seat.timeline.widget, place.x + 50, place.y + 50)
    seat.wait(lambda: count(seat.shot(), red, 8) > 400_000, "the viewer")
    seat.keys("Escape")
    seat.wait(lambda: count(seat.shot(), red, 8) < 100_000, "the messages again")


def test_messages_are_selected_by_dragging_and_copied(trip: Trip) -> None:
    seat = trip.seat
    trip.tell("перша думка", "druga żółta myśl")
    seat.write("thinking of ที่นี่")
    first, last = seat.said("перша думка"), seat.said("thinking of ที่นี่")
    seat.drag(seat.edges(first)[0], seat.edges(last)[1])
    assert len(seat.timeline.selected_entries()) == 3
    seat.keys("ctrl+c")
    seat.wait(lambda: "ที่นี่" in seat.clipboard(), "the clipboard")
    copied = seat.clipboard()
    assert [words in copied for words in ("перша думка", "druga żółta myśl")] == [True, True]
    assert copied.index("перша") < copied.index("druga") < copied.index("thinking")
    assert f"Olena {trip.name}" in copied and f"Marko {trip.name}" in copied
    # A part of one message is that part alone.
    start, end = seat.edges(seat.said("druga żółta myśl"))
    seat.drag(start, ((start[0] + end[0]) // 2, end[1]))
    seat.keys("ctrl+c")
    seat.wait(lambda: "druga żółta myśl".startswith(seat.clipboard()), "a part")
    assert 3 < len(seat.clipboard()) < len("druga żółta myśl")


def found_words(seat: Seat) -> list[str]:
    """The words in the message list that stand on the colour of what was found."""
    canvas, ink = seat.timeline.widget, seat.window.look.palette.on_found
    call, name = canvas.tk.call, str(canvas)
    return [
        str(call(name, "itemcget", one, "-text"))
        for one in canvas.find_all()
        if call(name, "type", one) == "text" and call(name, "itemcget", one, "-fill") == ink
    ]


def test_searching_here_and_everywhere_jumps_to_the_hit(trip: Trip) -> None:
    seat, friend = trip.seat, trip.friend
    friend.say(trip.room, "тут захований їжак")
    friend.say(trip.room, *(f"hay {number}" for number in range(260)))
    seat.wait_shown("hay 259")
    far = seat.go_to(f"{trip.name}-2")
    friend.done(friend.client.join(f"{trip.name}-2"))
    friend.say(far, "Гусь и ёлка", "the end")
    seat.wait_shown("the end")

    seat.keys("ctrl+f")
    seat.wait(lambda: seat.main.finder.panel is not None and seat.main.finder.open, "the search")
    panel = seat.main.finder.panel
    assert panel is not None
    seat.type("елк")
    seat.wait(lambda: len(panel.list.items) == 1, "ё found by е")
    seat.open_room(trip.room)
    seat.wait(lambda: len(panel.list.items) == 0, "nothing in this room")
    panel.entry.focus()
    seat.keys("ctrl+a")
    seat.type("їжак")
    seat.wait(lambda: len(panel.list.items) == 1, "a hit")
    assert not seat.shows("захований")
    seat.keys("Return")
    seat.wait_shown("тут захований їжак")
    hit = seat.said("тут захований їжак")
    seat.wait(lambda: seat.timeline.travel.flashed == hit.key, "the flash")
    assert "їжак" in found_words(seat), "the words are marked where they were said"
    seat.keys("F3")
    seat.wait(lambda: "їжак" in found_words(seat), "the mark again")
    # Who and what: nothing of oneself, and no picture.
    panel.filters._took(seat.model.me, seat.model.nick)
    seat.wait(lambda: panel._answer is not None and not panel._results, "nothing of oneself")
    assert not found_words(seat), "another search takes the mark away"
    panel.filters.reset()
    seat.wait(lambda: len(panel.list.items) == 1, "the hit again")
    panel.entry.focus()
    seat.keys("Return")
    seat.wait(lambda: "їжак" in found_words(seat), "the mark once more")
    seat.keys("Escape")
    assert not found_words(seat) and not seat.main.finder.open

    seat.keys("ctrl+shift+f", "ctrl+a")
    seat.type("гусь")
    seat.wait(
        lambda: any("-2" in words for words in texts_of(panel.list.widget)), "a hit elsewhere"
    )
    seat.keys("Return")
    seat.wait(lambda: seat.model.active == far, "the other room")
    seat.wait_shown("Гусь и ёлка")
    seat.keys("Escape")
    assert not seat.main.finder.open


def test_a_conversation_is_saved_as_a_page_and_as_lines(trip: Trip, tmp_path: Path) -> None:
    seat = trip.seat
    trip.friend.say(trip.room, *(f"слово {number}" for number in range(150)))
    picture = tmp_path / "green.png"
    Image.new("RGB", (200, 100), "#00b050").save(picture)
    trip.friend.client.send_image(trip.room, picture, "зелене")
    seat.wait_shown("зелене")
    seat.write("останнє слово")
    seat.said("останнє слово")
    for suffix, down in ((".html", 0), (".jsonl", 1)):
        target = tmp_path / f"saved{suffix}"
        more = seat.main.talk.more_button.widget
        seat.click(more, more.winfo_width() // 2, more.winfo_height() // 2)
        seat.choose("Save the conversation…")
        sheet = seat.main.dialog
        assert isinstance(sheet, ArchiveSheet)
        for _ in range(down):
            seat.keys("Right")
        button = sheet.buttons[0]
        with seat.answering("Where to save", target):
            seat.click(button, button.winfo_width() // 2, button.winfo_height() // 2)
        seat.wait(lambda sheet=sheet: sheet.outcome is not None, "the end")  # type: ignore[misc]
        outcome = sheet.outcome
        assert outcome is not None and outcome.path == target, outcome
        assert (
            "152 of 152 messages" in outcome.lines[0] and "nothing is missing" in outcome.lines[0]
        )
        labels = [str(one.cget("text")) for one in sheet.body.winfo_children() if _is_label(one)]
        assert outcome.lines[0] in labels, "the window says it"
        seat.keys("Escape")
        seat.wait(lambda: Sheet.top() is None, "the sheet to go")
    page = (tmp_path / "saved.html").read_text("utf-8")
    assert "слово 0<" in page and "слово 149<" in page and "останнє слово" in page
    assert "data:image/" in page and "nothing is missing" in page
    lines = [json.loads(one) for one in (tmp_path / "saved.jsonl").read_text("utf-8").splitlines()]
    assert sum("слово" in json.dumps(one, ensure_ascii=False) for one in lines) >= 151
    left = {one.name for one in tmp_path.iterdir() if one.name.startswith("saved")}
    assert {"saved.html", "saved.jsonl"} <= left and not [one for one in left if "part" in one]


def _is_label(widget: object) -> bool:
    return type(widget).__name__.endswith("Label")


def test_theme_language_and_size_change_at_once(trip: Trip) -> None:
    seat = trip.seat
    trip.tell("a word for all")
    seat.type("half a sentence")
    entry = seat.said("a word for all")
    before = seat.place(entry)
    ground = (seat.timeline.widget.winfo_rootx() + 4, seat.timeline.widget.winfo_rooty() + 200)
    assert seat.shot().getpixel(ground) == rgb(LIGHT.chat)

    seat.keys("ctrl+comma")

    def sheet() -> SettingsSheet:
        found = seat.main.dialog
        assert isinstance(found, SettingsSheet) and found.open
        return found

    def section(name: str) -> None:
        names = sheet().list
        assert names is not None
        seat.click(names.widget, *names.place_of(name))
        seat.wait(lambda: sheet().section == name, name)

    def pick(part: str, value: object) -> None:
        control = sheet().parts[part]
        seat.click(control.widget, *control.place_of(value))

    section("appearance")
    pick("theme", "dark")
    seat.wait(lambda: seat.window.look.palette.name == "dark", "the dark theme")

    def speaks(code: str) -> bool:
        return seat.window.look.tr.language == code

    section("language")
    for code, people in (
        ("uk", "У кімнаті"),
        ("pl", "W pokoju"),
        ("ru", "В комнате"),
        ("th", "ในห้องนี้"),
    ):
        pick("language", code)
        seat.wait(partial(speaks, code), code)
        assert seat.main.people.title.cget("text") == seat.main._look.plain(people)
        seat.wait_shown("a word for all")
        assert seat.main.composer.words() == "half a sentence"
    section("appearance")
    pick("text_size", 150)
    seat.wait(lambda: seat.window.settings.text_percent == 150, "the size")
    seat.keys("Escape")
    seat.wait(lambda: Sheet.top() is None, "the sheet to go")
    seat.wait_shown("a word for all")
    after = seat.place(seat.said("a word for all"))
    assert after.h > 1.3 * before.h and after.w > 1.3 * before.w
    at = (seat.timeline.widget.winfo_rootx() + 4, seat.timeline.widget.winfo_rooty() + 200)
    assert seat.shot().getpixel(at) == rgb(DARK.chat)
    seat.keys("Return")
    trip.wait_heard(lambda one: one.body.get("text") == "half a sentence", "the draft")
