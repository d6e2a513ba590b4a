"""``zviazok chat --json`` as a process: commands in, events out, as a script would use it."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from protocol.invite import LINK_VARIABLE
from tests.server import ROOT

PATIENCE_S = 60.0
_MESSAGES = ("text", "image", "notice", "other")

Event = dict[str, Any]
T = TypeVar("T")


@dataclass(slots=True)
class Shown:
    """What the chat showed of one room since its start."""

    room_id: str = ""
    epoch: str = ""
    seqs: list[int] = field(default_factory=list)
    messages: list[Event] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [one["text"] for one in self.messages if one["event"] == "text"]


class Chat:
    """One person; ``with Chat(folder, link, nick) as anna:``.

    ``prefix`` are words before the program's, such as ``ip netns exec NAME``; some of them drop
    the environment, so it is only by wish that the link comes there.
    """

    def __init__(
        self,
        folder: Path,
        link: str,
        nick: str,
        room: str = "general",
        prefix: Sequence[str] = (),
        link_by_environment: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.nick = nick
        self.events: list[Event] = []
        self.rooms: dict[str, Shown] = defaultdict(Shown)
        """By name; a direct message is named by its ``room_id``."""
        self.answers: dict[int, Event] = {}
        self.online = False
        self.address = ""
        self._next_id = 0
        self._changed = threading.Condition()
        self._errors = (folder / "chat.err").open("wb")
        hidden = {LINK_VARIABLE: link} if link_by_environment else {}
        words = ["--nick", nick, "--room", room, "--json", "--data", str(folder)]
        words = ["chat", *([] if hidden else [link]), *words]
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-P", str(ROOT / "zviazok.py"), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(
                    filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
                ),
                "PYTHONUTF8": "1",
                "HOME": str(folder),
                **hidden,
            },
        )
        self._reader = threading.Thread(target=self._read, name=f"chat {nick}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> "Chat":
        """Wait until it is in its room."""
        try:
            self.until(lambda: self.online)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it; it must go well unless the test has failed already."""
        status = self.close()
        if error is None:
            assert status == 0, f"chat of {self.nick} ended with {status}"

    def close(self) -> int:
        """End the program as the end of its input does."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            status = self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._reader.join(10)
        self._process.stdout.close()
        self._errors.close()
        return status

    def command(self, **words: Any) -> int:
        """Send a command; return its id."""
        self._next_id += 1
        line = json.dumps({**words, "id": self._next_id}, ensure_ascii=False) + "\n"
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()
        return self._next_id

    def ask(self, **words: Any) -> Event:
        """Send a command and wait for what ends it: done, people, history, acked, error, …."""
        number = self.command(**words)
        self.until(lambda: number in self.answers)
        return self.answers[number]

    def say(self, text: str, **where: Any) -> Event:
        """Say something and return its ``acked`` event."""
        acked = self.ask(send=text, **where)
        assert acked["event"] == "acked", acked
        return acked

    def until(self, condition: Callable[[], T], timeout_s: float = PATIENCE_S) -> T:
        """Wait until ``condition`` gives something true, and return that."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not (found := condition()):
                left_s = deadline - time.monotonic()
                if left_s <= 0 or (
                    self._process.poll() is not None and not self._reader.is_alive()
                ):
                    raise AssertionError(f"{self.nick} waited in vain; last: {self.events[-3:]}")
                self._changed.wait(min(left_s, 0.5))
            return found

    def hear(self, room: str, *texts: str) -> None:
        """Wait until these texts have come in a room."""
        self.until(lambda: set(texts) <= set(self.rooms[room].texts))

    def history(self, room: str) -> list[Event]:
        """Page back to the first message; return all, ascending."""
        found: list[Event] = []
        while True:
            before = found[0]["seq"] if found else 0
            answer = self.ask(history={"room": room, "before": before, "limit": 500})
            assert answer["event"] == "history", answer
            found = answer["messages"] + found
            if not answer["more"]:
                return found

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            with self._changed:
                self._take(event)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def _take(self, event: Event) -> None:
        self.events.append(event)
        what = event["event"]
        if what in ("online", "offline"):
            self.online = what == "online"
            self.address = event.get("address", self.address)
        elif what in (*_MESSAGES, "room"):
            shown = self.rooms[event["room_id"] if event.get("direct") else event["room"]]
            shown.room_id, shown.epoch = event["room_id"], event["epoch"]
            if what in _MESSAGES:
                shown.seqs.append(event["seq"])
                shown.messages.append(event)
        # A message's end is its ack; that it is queued, and a picture's progress, comes before.
        if "id" in event and what not in ("queued", "progress"):
            self.answers[event["id"]] = event
