"""The message list alone in a real window, with a conversation that the test fills."""

from collections.abc import Callable

from gui.chat.room import Entry
from gui.text.hits import edge
from gui.text.rowlayout import Box, words_of
from gui.views.timeline.timeline import Timeline
from tests.gui.conftest import Stage
from tests.gui.talk import Acts, Talk


class Reading:
    """A timeline on a stage."""

    def __init__(
        self, stage: Stage, fill: Callable[[Talk], object], head: int = 0, **opened: object
    ) -> None:
        """``fill`` says what was said before the window opens."""
        size = opened.pop("size", (700, 600))
        stage.open(size=size, **opened)  # type: ignore[arg-type]
        self.stage = stage
        self.talk = Talk(head)
        fill(self.talk)
        self.acts = Acts()
        self.timeline = Timeline(stage.root, stage.look, self.talk.model, stage.pictures, self.acts)
        self.timeline.widget.pack(fill="both", expand=True)
        self.show()

    @property
    def entries(self) -> list[Entry]:
        """What is loaded."""
        return self.talk.room.entries

    def show(self) -> None:
        """Show what the test changed."""
        self.timeline.show()
        self.stage.settle()

    def text_y(self, entry: Entry) -> int:
        """Where the words of a message stand in the window."""
        drawn = self.timeline.view.drawn[entry.key]
        return drawn.y - self.timeline.view.origin + drawn.shape.pin

    def place(self, entry: Entry) -> Box:
        """Where the bubble of a message stands."""
        box = self.timeline.place_of(entry.key)
        assert box is not None, f"{entry.words[:20]} is not drawn"
        return box

    def zone(self, entry: Entry, kind: str, value: str = "") -> tuple[int, int]:
        """The middle of something of a message that can be clicked."""
        box = self.timeline.zone_of(entry.key, kind, value)
        assert box is not None, f"there is no {kind}"
        return box.x + box.w // 2, box.y + box.h // 2

    def char(self, entry: Entry, offset: int) -> tuple[int, int]:
        """A point just before a character of a message."""
        drawn = self.timeline.view.drawn[entry.key]
        shape, block = drawn.shape, drawn.shape.block
        assert block is not None
        top = drawn.y - self.timeline.view.origin + shape.block_at[1]
        for number, line in enumerate(block.lines):
            if line.start <= offset <= line.end and (offset < line.end or line is block.lines[-1]):
                x = shape.block_at[0] + edge(line, self.stage.look.fonts, offset)
                return x + 1, top + number * block.line_height + block.line_height // 2
        raise AssertionError(f"{words_of(drawn.row.entry)!r} has no character {offset}")

    def click(self, at: tuple[int, int], button: int = 1) -> None:
        """Click at a place of the timeline."""
        self.stage.click(self.timeline.widget, *at, button)

    def drag(self, start: tuple[int, int], *ways: tuple[int, int], hold: bool = False) -> None:
        """Press at a place, move by others, and let go unless ``hold``."""
        widget = self.timeline.widget
        left, top = widget.winfo_rootx(), widget.winfo_rooty()
        run = self.stage.display.run

        def move(at: tuple[int, int]) -> None:
            run("xdotool", "mousemove", str(left + at[0]), str(top + at[1]))
            self.stage.settle()

        move(start)
        run("xdotool", "mousedown", "1")
        self.stage.settle()
        for at in ways:
            move(((at[0] + start[0]) // 2, (at[1] + start[1]) // 2))
            move(at)
        if not hold:
            self.let_go()

    def let_go(self) -> None:
        """Let the left button go."""
        self.stage.display.run("xdotool", "mouseup", "1")
        self.stage.settle()

    def wheel(self, notches: int) -> None:
        """Turn the wheel over the middle of the timeline, up if negative, and wait for rest."""
        widget = self.timeline.widget
        x = widget.winfo_rootx() + widget.winfo_width() // 2
        y = widget.winfo_rooty() + widget.winfo_height() // 2
        button = "4" if notches < 0 else "5"
        words = ["mousemove", str(x), str(y), "click", "--repeat", str(abs(notches)), button]
        self.stage.display.run("xdotool", *words)
        self.stage.settle()
        self.stage.wait(lambda: "glide" not in self.timeline._timers, "the glide to end")
