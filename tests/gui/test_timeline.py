"""The messages of the real window under Xvfb, with a fake client: drawing, scrolling, pictures."""

import io
from pathlib import Path

import pytest
from PIL import Image

from gui.theme import DARK, LIGHT, THUMB_MAX
from protocol.client.happenings import (
    Acked,
    Arrived,
    Failed,
    Fetched,
    Loaded,
    Progress,
    Queued,
)
from protocol.codes import EventKind
from tests.gui.conftest import Bench
from tests.gui.fakes import (
    DAY_MS,
    GENERAL,
    ME,
    NOON,
    image,
    text,
    texts,
)
from tests.gui.screens import rgb, texts_of


def thumb(colour: str = "#00c040") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (160, 100), colour).save(file, "PNG")
    return file.getvalue()


def key_of(bench: Bench, seq: int) -> int:
    room = bench.main._model.rooms[GENERAL]
    return next(entry.key for entry in room.entries if entry.seq == seq)


def bubble_end(bench: Bench, seq: int) -> int:
    """Where a message's words end: its name and day line above them may come and go."""
    box = bench.main.timeline.place_of(key_of(bench, seq))
    assert box is not None, f"message {seq} is not drawn"
    return box.y + box.h


def load(bench: Bench, first: int, last: int, more: bool = True) -> None:
    """Answer the request for general's history that is under way."""
    room = bench.main._model.rooms[GENERAL]
    bench.wait(lambda: room.asked > 0, "a request for history")
    bench.tell(Loaded(room.asked, GENERAL, texts(first, last), more))


# --- the timeline -------------------------------------------------------------


@pytest.mark.parametrize(("theme", "scale"), [("light", 1.0), ("dark", 1.0), ("light", 2.0)])
def test_bubbles_have_their_colours_and_contain_words(
    bench: Bench, theme: str, scale: float
) -> None:
    window = bench.open(theme, scale)
    bench.enter()
    words = (text(1, "Привіт усім"), text(2, "Моє слово", ME, "Marko"))
    bench.tell(Arrived(GENERAL, words, True))
    palette = LIGHT if theme == "light" else DARK
    shot = bench.shot()
    canvas = bench.main.timeline.widget
    for seq, fill, ink in ((1, palette.theirs, palette.text), (2, palette.ours, palette.on_ours)):
        box = bench.main.timeline.place_of(key_of(bench, seq))
        assert box is not None
        x, y = canvas.winfo_rootx() + box.x, canvas.winfo_rooty() + box.y
        inside = shot.crop((x, y, x + box.w, y + box.h))
        colours = {colour: count for count, colour in inside.getcolors(1 << 20) or []}
        assert colours[rgb(fill)] > 0.6 * box.w * box.h
        assert colours.get(rgb(ink), 0) > 20, "no words in the bubble"
        assert shot.getpixel((x, y)) == rgb(palette.chat), "the corner is round"
    assert window.settings.theme == theme


def test_only_rows_in_view_exist(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.tell(Arrived(GENERAL, texts(1, 1500), False))
    timeline = bench.main.timeline
    assert len(timeline.drawn_keys()) < 60
    assert len(timeline.widget.find_all()) < 900
    assert timeline.drawn_keys()[-1] == key_of(bench, 1500)
    timeline.to_start()
    bench.settle()
    assert timeline.drawn_keys()[0] == key_of(bench, 1)
    assert len(timeline.drawn_keys()) < 60


def test_scrolling_up_loads_pages_to_the_first_without_a_jump(bench: Bench) -> None:
    bench.open()
    bench.enter()
    load(bench, 201, 240)
    timeline = bench.main.timeline
    for first, last in ((101, 200), (1, 100)):
        timeline.to_start()
        bench.settle()
        before = bubble_end(bench, last + 1)
        load(bench, first, last, more=first > 1)
        assert bubble_end(bench, last + 1) == before
    calls = [args for _, args in bench.client.asked("history") if args[0] == GENERAL]
    assert calls == [(GENERAL, 0, 40), (GENERAL, 201, 100), (GENERAL, 101, 100)]
    timeline.to_start()
    bench.settle()
    assert bubble_end(bench, 1) > 0
    assert len([one for one in bench.client.asked("history") if one[1][0] == GENERAL]) == 3


def test_new_messages_do_not_move_what_is_read(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.tell(Arrived(GENERAL, texts(1, 80), False))
    timeline = bench.main.timeline
    timeline.scroll(-900)
    bench.settle()
    room = bench.main._model.rooms[GENERAL]
    top = next(e.seq for e in room.entries if e.key == timeline.drawn_keys()[5])
    before = bubble_end(bench, top)
    bench.tell(Arrived(GENERAL, texts(81, 83), True))
    assert bubble_end(bench, top) == before
    assert room.unread == 3
    jump = timeline.widget.bbox("jump")
    assert jump is not None
    bench.click(timeline.widget, (jump[0] + jump[2]) // 2, (jump[1] + jump[3]) // 2)
    assert timeline.at_end and room.unread == 0
    assert timeline.drawn_keys()[-1] == key_of(bench, 83)
    bench.tell(Arrived(GENERAL, (text(84),), True))
    assert timeline.drawn_keys()[-1] == key_of(bench, 84)


def test_the_wheel_scrolls(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.tell(Arrived(GENERAL, texts(1, 80), False))
    timeline = bench.main.timeline
    x, y = timeline.widget.winfo_rootx() + 200, timeline.widget.winfo_rooty() + 200
    bench.display.run("xdotool", "mousemove", str(x), str(y), "click", "--repeat", "3", "4")
    bench.wait(lambda: not timeline.at_end, "the view to move")


def test_one_s_own_message_is_shown_from_queued_to_sent(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.tell(Arrived(GENERAL, texts(1, 80), False))
    timeline = bench.main.timeline
    timeline.scroll(-900)
    bench.tell(Queued(GENERAL, 4, EventKind.TEXT, {"text": "mine"}, 1))
    assert timeline.at_end
    key = timeline.drawn_keys()[-1]
    assert any("queued" in words for words in texts_of(timeline.widget, f"row{key}"))
    bench.tell(Acked(GENERAL, 4, b"e" * 16, 81))
    bench.tell(Arrived(GENERAL, (text(81, "mine", ME, "Marko", n=4),), True))
    assert timeline.drawn_keys()[-1] == key


def test_a_day_line_that_goes_does_not_move_the_words(bench: Bench) -> None:
    bench.open()
    bench.enter()
    room = bench.main._model.rooms[GENERAL]
    day = tuple(text(seq, ts=NOON + DAY_MS + seq * 1000) for seq in range(51, 120))
    bench.tell(Loaded(room.asked, GENERAL, day, True))
    bench.main.timeline.to_start()
    bench.settle()
    before = bubble_end(bench, 51)
    same_day = tuple(text(seq, ts=NOON + DAY_MS + seq * 1000) for seq in range(1, 51))
    bench.tell(Loaded(room.asked, GENERAL, same_day, False))
    assert bubble_end(bench, 51) == before


def test_resizing_keeps_the_end_in_view(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    bench.tell(Arrived(GENERAL, texts(1, 80), False))
    window.root.geometry("700x500")
    bench.wait(lambda: bench.main.timeline.widget.winfo_width() < 450, "the new size")
    bench.settle()
    assert bench.main.timeline.drawn_keys()[-1] == key_of(bench, 80)


# --- pictures -----------------------------------------------------------------


def test_a_thumbnail_has_its_size_and_opens_the_picture(bench: Bench, tmp_path: Path) -> None:
    bench.open()
    bench.enter()
    bench.tell(Arrived(GENERAL, (image(1, 1600, 1000, thumb()),), True))
    timeline = bench.main.timeline
    box = timeline.picture_of(key_of(bench, 1))
    assert box is not None and (box.w, box.h) == (THUMB_MAX, 200)
    x, y = timeline.widget.winfo_rootx() + box.x, timeline.widget.winfo_rooty() + box.y
    green = rgb("#00c040")
    bench.wait(lambda: bench.shot().getpixel((x + 160, y + 100)) == green, "the thumbnail")
    shot = bench.shot()
    assert shot.getpixel((x + 8, y + 8)) == green == shot.getpixel((x + 311, y + 191))
    assert shot.getpixel((x + 160, y - 2)) != green != shot.getpixel((x + 321, y + 100))

    bench.click(timeline.widget, box.x + 50, box.y + 50)
    ((request, args),) = bench.client.asked("fetch")
    assert args == (GENERAL, bytes(32), 1000)
    viewer = bench.main.viewer
    assert viewer is not None
    bench.tell(Progress(request, 500, 1000, False))
    assert "500 B of 1000 B" in viewer._words
    file = tmp_path / "picture.png"
    Image.new("RGB", (1600, 1000), "#c00040").save(file)
    bench.tell(Fetched(request, bytes(32), file))
    bench.wait(lambda: viewer.shown_size != (0, 0), "the picture")
    assert viewer.shown_size[0] / viewer.shown_size[1] == pytest.approx(1.6, abs=0.01)
    middle = (
        viewer.canvas.winfo_rootx() + viewer.canvas.winfo_width() // 2,
        viewer.canvas.winfo_rooty() + viewer.canvas.winfo_height() // 2 - 16,
    )
    assert bench.shot().getpixel(middle) == rgb("#c00040")
    bench.keys("Escape")
    assert bench.main.viewer is None


def test_closing_the_viewer_cancels_the_fetch(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.tell(Arrived(GENERAL, (image(1, 160, 100, thumb()),), True))
    bench.main.open_picture(bench.main._model.rooms[GENERAL].entries[0])
    bench.settle()
    ((request, _),) = bench.client.asked("fetch")
    bench.keys("Escape")
    assert [args for _, args in bench.client.asked("cancel")] == [(request,)]
    bench.tell(Failed(request, 0, "Cancelled"))
    assert not bench.main._model.transfers


def test_a_picture_on_its_way_up_can_be_cancelled(bench: Bench) -> None:
    bench.open()
    bench.enter()
    assert bench.window.session is not None
    bench.window.session.controller.send_image(Path("/x/holiday.png"))
    ((request, _),) = bench.client.asked("send_image")
    bench.tell(Progress(request, 100, 1000, True))
    strip = bench.main.composer._strip
    assert strip.winfo_ismapped()
    assert any("holiday.png" in words for words in texts_of(strip))
    bench.click(strip, strip.winfo_width() - 30, 20)
    assert [args for _, args in bench.client.asked("cancel")] == [(request,)]
    bench.tell(Failed(request, 0, "Cancelled"))
    assert not strip.winfo_ismapped()
