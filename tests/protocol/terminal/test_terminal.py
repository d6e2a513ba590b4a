"""``zviazok chat`` as processes: a conversation in JSON, a line client, exit statuses."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol.invite import Invite
from protocol.keys import fingerprint, make
from tests.protocol.client.test_pictures import noise
from tests.server import ROOT, Server

DEADLINE_S = 30.0
Start = Callable[..., "Chat"]


class Chat:
    """A terminal client in a process."""

    def __init__(self, folder: Path, link: str, *words: str) -> None:
        self.folder = folder
        self.seen: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self.popen = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "protocol.terminal.__main__",
                link,
                "--data",
                str(folder),
                *words,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "HOME": str(folder)},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self._lines.put(line.decode("utf-8").rstrip("\r\n"))
        self._lines.put(None)

    def type(self, line: str) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def do(self, **command: Any) -> None:
        self.type(json.dumps(command, ensure_ascii=False))

    def line(self, fits: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError("not seen; last: " + "\n".join(self.seen[-8:]))
            self.seen.append(line)
            if fits(line):
                return line

    def event(self, event: str, **wanted: Any) -> dict[str, Any]:
        """Wait for an event with these values, each of the ones before forgotten."""

        def fits(line: str) -> bool:
            found = json.loads(line)
            return bool(found["event"] == event) and all(
                found.get(name) == value for name, value in wanted.items()
            )

        found: dict[str, Any] = json.loads(self.line(fits))
        return found

    def end(self) -> int:
        """End stdin; return the exit status."""
        assert self.popen.stdin is not None
        self.popen.stdin.close()
        return self.popen.wait(DEADLINE_S)

    def complained(self) -> str:
        assert self.popen.stderr is not None
        self.popen.wait(DEADLINE_S)
        return self.popen.stderr.read().decode()

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        self._reader.join(DEADLINE_S)
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Start]:
    made: list[Chat] = []

    def start(link: str, nick: str, *words: str) -> Chat:
        folder = tmp_path / "home"
        folder.mkdir(exist_ok=True)
        made.append(Chat(folder, link, "--nick", nick, *words))
        return made[-1]

    yield start
    for one in made:
        one.close()


def test_a_conversation(server: Callable[..., Server], chat: Start, tmp_path: Path) -> None:
    one = server(rate=0)
    olena, taras = chat(one.link, "Олена", "--json"), chat(one.link, "Taras", "--json")
    assert olena.event("online")["nick"] == "Олена"
    taras.event("online")

    olena.do(send="Привіт, світе! 🙂\nдругий рядок", id=1)
    queued = olena.event("queued", id=1)
    acked = olena.event("acked", id=1)
    assert (acked["n"], acked["room"]) == (queued["n"], "general")
    heard = taras.event("text", text="Привіт, світе! 🙂\nдругий рядок")
    assert (heard["nick"], heard["seq"], heard["epoch"], heard["own"], heard["live"]) == (
        "Олена",
        acked["seq"],
        acked["epoch"],
        False,
        True,
    )

    olena.do(to="taras", send="лише тобі", id="dm")
    direct = taras.event("text", text="лише тобі")
    assert direct["direct"] is True and direct["with"] == ["Олена"]
    assert olena.event("acked", id="dm")["with"] == ["Taras"]
    taras.do(send="і тобі", room=direct["room_id"])
    assert olena.event("text", text="і тобі")["direct"] is True
    olena.do(to=["Taras", "Nobody"], send="x", id=2)
    assert "Nobody" in olena.event("error", id=2)["text"]

    path = tmp_path / "пейзаж.png"
    noise(640, 480).save(path)
    olena.do(image=str(path), caption="дивись", id=3)
    assert olena.event("progress", id=3)["total"] == path.stat().st_size
    olena.event("acked", id=3)
    image = taras.event("image")
    assert (image["name"], image["caption"], image["width"]) == ("пейзаж.png", "дивись", 640)
    assert image["size"] == path.stat().st_size
    taras.do(fetch={"room": "general", "sha256": image["sha256"], "size": image["size"]}, id=4)
    fetched = taras.event("fetched", id=4)
    assert Path(fetched["path"]).read_bytes() == path.read_bytes()

    taras.do(nick="Олена", id=5)
    assert taras.event("error", id=5)["code"] == "NICK_TAKEN"
    taras.do(nick="Тарас", id=6)
    assert taras.event("done", id=6)["text"] == "Тарас"
    notice = olena.event("notice", what="renamed", room="general")
    assert (notice["was"], notice["now"]) == ("Taras", "Тарас")
    taras.do(hand=True, id="hand")
    assert taras.event("done", id="hand")["room"] == "general"
    assert [each["nick"] for each in olena.event("order")["hands"]] == ["Тарас"]

    taras.do(people=True, id=7)
    people = taras.event("people", id=7)["people"]
    assert {(each["nick"], each["online"]) for each in people} == {
        ("Олена", True),
        ("Тарас", True),
    }
    taras.do(join="кава", id=8)
    assert taras.event("done", id=8)["room"] == "кава"
    taras.do(rooms=True, id=9)
    rooms = taras.event("rooms", id=9)["rooms"]
    assert {each["room"] for each in rooms} == {"general", "кава"}
    olena.do(join="кава", id=10)
    olena.event("done", id=10)
    taras.event("notice", what="joined", room="кава", nick="Олена")
    taras.do(send="у каві", room="кава")
    olena.event("text", room="кава", text="у каві")
    olena.do(leave="кава", id=11)
    olena.event("done", id=11)
    taras.event("notice", what="left", room="кава")
    olena.do(send="x", room="кава", id=12)
    olena.event("error", id=12)
    olena.do(link=True, id=13)
    assert olena.event("done", id=13)["text"]

    taras.do(history={"limit": 500}, id=14)
    history = taras.event("history", id=14)
    seqs = [each["seq"] for each in history["messages"]]
    assert seqs == list(range(1, len(seqs) + 1)) and history["more"] is False
    assert [each["event"] for each in history["messages"]].count("image") == 1

    assert olena.end() == 0
    taras.do(send="поки тебе немає", id=15)
    taras.event("acked", id=15)
    again = chat(one.link, "Олена", "--json")
    missed = again.event("text", text="поки тебе немає")
    assert missed["live"] is False
    again.do(history={"room": "general", "before": missed["seq"], "limit": 2}, id=1)
    assert [each["seq"] for each in again.event("history", id=1)["messages"]] == [
        missed["seq"] - 2,
        missed["seq"] - 1,
    ]
    again.do(quit=True)
    assert again.popen.wait(DEADLINE_S) == 0
    assert taras.end() == 0


def test_wrong_commands_cost_only_an_error(server: Callable[..., Server], chat: Start) -> None:
    one = server()
    nora = chat(one.link, "Nora", "--json")
    wrong = [
        "no json",
        "[1]",
        "[" * 5_000,
        "{}",
        '{"send": 5}',
        '{"send": ""}',
        '{"send": "\\ud800"}',
        '{"send": "x", "room": "nowhere"}',
        '{"to": [], "send": "x"}',
        '{"nick": "\\u202e"}',
        '{"join": "' + "x" * 500 + '"}',
        '{"leave": "nowhere"}',
        '{"history": {"before": -1}}',
        '{"fetch": true}',
        '{"fetch": {"sha256": "zz", "size": 1}}',
        '{"fetch": {"sha256": "00", "size": 1}}',
        '{"image": "/nowhere.png"}',
        '{"send": "' + "x" * 5_000 + '"}',
    ]
    for line in wrong:
        nora.type(line)
        nora.event("error")
    nora.do(send="still here", id=[1, 2])
    nora.event("acked", id=[1, 2])
    assert nora.end() == 0


def test_input_that_ends_at_once_is_sent_to_the_last_line(
    server: Callable[..., Server], chat: Start
) -> None:
    one = server(rate=0)
    nora = chat(one.link, "Nora", "--json", "--room", "tea")
    assert nora.popen.stdin is not None
    for number in range(200):
        nora.popen.stdin.write(b'{"send": "%d"}\n' % number)
    assert nora.end() == 0
    omar = chat(one.link, "Omar", "--json", "--room", "tea")
    omar.do(history={"room": "tea", "limit": 500}, id=1)
    found = omar.event("history", id=1)["messages"]
    texts = [each["text"] for each in found if each["event"] == "text"]
    assert texts == [str(number) for number in range(200)]


def test_input_without_a_line_ends_well_once_connected(
    server: Callable[..., Server], chat: Start
) -> None:
    nora = chat(server().link, "Nora", "--json")
    assert nora.end() == 0
    nora.event("online")


def test_lines_for_people(server: Callable[..., Server], chat: Start, tmp_path: Path) -> None:
    one = server()
    nora, script = chat(one.link, "Nora"), chat(one.link, "Script", "--json")
    nora.line(lambda line: line.startswith("You are Nora, in general"))
    script.event("online")
    script.do(send="\x1b[31mred\x07\u202e alert\nsecond")
    line = nora.line(lambda line: "alert" in line)
    assert line[5:] == " Script: \ufffd[31mred\ufffd\ufffd alert"
    assert nora.line(lambda _: True).strip() == "second"
    nora.type("hello")
    script.event("text", text="hello", nick="Nora")
    nora.type("//slash")
    script.event("text", text="/slash")
    nora.type("/msg script psst")
    assert script.event("text", text="psst")["direct"] is True
    nora.type("/people")
    nora.line(lambda line: line.strip() == "● Script")
    nora.type("/join tea")
    nora.line(lambda line: "you are in tea" in line)
    nora.type("/rooms")
    nora.line(lambda line: "tea (1)" in line)
    nora.type("/nick Nora2")
    nora.line(lambda line: "done: Nora2" in line)
    nora.type("/leave")
    nora.line(lambda line: "you are in no room now" in line)
    nora.type("/join general")
    nora.line(lambda line: "you are in general" in line)
    path = tmp_path / "x.png"
    noise(50, 50).save(path)
    nora.type(f"/image {path}")
    script.event("image")
    number = nora.line(lambda line: "/get" in line).split("/get ")[1].split()[0]
    nora.type(f"/get {number}")
    saved = nora.line(lambda line: "saved as" in line).split("saved as ")[1]
    assert Path(saved).read_bytes() == path.read_bytes()
    nora.type("/history 3")
    nora.type("/nonsense")
    nora.line(lambda line: line.startswith("!! /nonsense"))
    nora.type("/help")
    nora.line(lambda line: "/quit" in line)
    nora.type("/quit")
    assert nora.popen.wait(DEADLINE_S) == 0
    assert nora.complained() == ""


@pytest.mark.parametrize(
    ("words", "status", "part"),
    [
        (["nonsense", "--nick", "Nora"], 2, "zviazok://"),
        (["zviazok://h/#short", "--nick", "Nora"], 2, "key"),
        (["zviazok://h:1/#" + "A" * 43], 2, "--nick"),
        (["zviazok://h:1/#" + "A" * 43, "--nick", "N", "--room", ""], 2, "room name"),
        (["zviazok://h:1/#" + "A" * 43, "--nick", "admin"], 1, "admin"),
    ],
)
def test_wrong_words_are_one_line(tmp_path: Path, words: list[str], status: int, part: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "protocol.terminal", *words, "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == status and part in done.stderr and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_who_is_refused_gets_one_line(server: Callable[..., Server], chat: Start) -> None:
    one = server()
    nora = chat(one.link, "Nora", "--json")
    nora.event("online")
    twin = chat(one.link, "nora")
    assert twin.popen.wait(DEADLINE_S) == 1
    assert "nickname" in twin.complained()
    invite = one.invite
    stranger = chat(str(Invite(invite.addresses, invite.server_key, "x" * 22)), "Omar")
    assert stranger.popen.wait(DEADLINE_S) == 1
    assert len(stranger.complained().splitlines()) == 1
    same = chat(one.link, "Nora")
    assert same.popen.wait(DEADLINE_S) == 1
    assert "already open" in same.complained()


def test_another_key_of_a_known_server_ends_with_both_fingerprints(
    server: Callable[..., Server], chat: Start
) -> None:
    one = server()
    nora = chat(one.link, "Nora", "--json")
    nora.event("online")
    nora.do(whoami=True)
    known = nora.event("whoami")["server_key"]
    assert nora.end() == 0
    other = make().public
    liar = chat(str(Invite(one.invite.addresses, other, "t" * 22)), "Nora")
    assert liar.popen.wait(DEADLINE_S) == 1
    (said,) = liar.complained().splitlines()
    folder = str(liar.folder)
    for part in (known, fingerprint(other), f"zviazok forget {one.addresses[0]} --data {folder}"):
        assert part in said


def test_an_unreachable_server_is_said_once_and_tried_on(chat: Start, free_port: int) -> None:
    dead = Invite((f"127.0.0.1:{free_port}",), make().public, "t" * 22)
    nora, omar = chat(str(dead), "Nora", "--json"), chat(str(dead), "Omar")
    mute = chat(str(dead), "Mute", "--json")
    assert mute.popen.stdin is not None
    mute.popen.stdin.close()
    nora.do(send="into the dark")
    assert "no server answers" in nora.event("offline")["text"]
    assert nora.end() == 1
    complaint = nora.complained()
    assert "nothing was sent" in complaint
    assert mute.popen.wait(DEADLINE_S) == 1, "it has never connected, with nothing to do either"
    (said,) = mute.complained().splitlines()
    assert "no server answers" in said
    assert omar.popen.stderr is not None
    said = omar.popen.stderr.readline().decode()
    assert "no server answers" in said and "still trying" in said
    assert omar.popen.poll() is None


def test_help_documents_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "protocol.terminal", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    for word in ('"send"', '"fetch"', "acked", "refused", "--json", "history"):
        assert word in done.stdout
