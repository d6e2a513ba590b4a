"""``zviazok up`` as a real process with real children: it starts, mends, stops and explains."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.invites import Mode, change_book, read_book
from broker.journal import Batch, PersonRow, StandingRow
from broker.sqlite_journal import SqliteJournal
from broker.supervisor import missing_for_window
from broker.tokens import Tokens
from protocol.addresses import free_ports
from protocol.codes import ErrorCode, Role
from protocol.frames import Bye, People, PeoplePage
from protocol.invite import LINK_VARIABLE, OWNER_VARIABLE, Invite, parse_address
from tests.integration.bare import circle
from tests.server import ROOT

DEADLINE_S = 60.0

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only on systems with signals")


def eventually(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.02)


class Up:
    """A running ``up``; its output goes to files, so nothing here can block it."""

    def __init__(self, folder: Path, words: list[str], **env: str) -> None:
        self.data = folder / "data"
        self.out, self.err = folder / "up.out", folder / "up.err"
        clean = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
        home = str(folder / "home")
        clean |= {"PYTHONPATH": str(ROOT), "HOME": home, "XDG_DATA_HOME": f"{home}/share"}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "zviazok", "up", *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**clean, **env},
            )

    def said(self) -> str:
        return self.out.read_text(encoding="utf-8")

    def complained(self) -> str:
        return self.err.read_text(encoding="utf-8")

    def invite(self) -> Invite:
        eventually(lambda: self.process.poll() is not None or "stops the" in self.said(), "a link")
        links = [line for line in self.said().splitlines() if line.startswith("zviazok://")]
        assert links, self.said() + self.complained()
        return Invite.parse(links[0])

    def children(self) -> dict[str, int]:
        """Return the process ids by package name."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = (folder / "stat").read_text().rpartition(") ")[2].split()[1]
                words = (folder / "cmdline").read_text().split("\0")
            except OSError:
                continue
            if parent == str(self.process.pid) and "protocol.leash" in words:
                listen = words[words.index("--listen") + 1]
                package = words[words.index("protocol.leash") + 1]
                found[package if package == "broker" else listen] = int(folder.name)
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    made: list[Up] = []

    def start(*words: str, **env: str) -> Up:
        folder = tmp_path / f"up-{len(made)}"
        folder.mkdir()
        made.append(Up(folder, list(words), **env))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.stop()
        assert "Traceback" not in one.complained(), one.complained()


def is_gone(pid: int) -> bool:
    try:
        # A child that nobody has waited for yet is gone all the same.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


def listens(address: str) -> bool:
    host, port = parse_address(address, 0)
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((host, port)) == 0


linux = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is there /proc")


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_stops_cleanly(up: Callable[..., Up], number: int) -> None:
    port = free_ports(2)
    one = up("--listen", f"127.0.0.1:{port}", "--gateways", "2", "--no-gui")
    invite = one.invite()
    assert invite.addresses == (f"127.0.0.1:{port}", f"127.0.0.1:{port + 1}")
    assert invite.token is not None
    assert all(listens(address) for address in invite.addresses)
    assert "only programs on this machine" in one.said()
    children = one.children()
    assert len(children) == 3
    assert one.stop(number) == 0
    assert all(is_gone(pid) for pid in children.values())
    assert not any(listens(address) for address in invite.addresses)


@linux
def test_what_dies_comes_back_where_it_was(up: Callable[..., Up]) -> None:
    port = free_ports(2)
    one = up("--listen", f"127.0.0.1:{port}", "--gateways", "2", "--no-gui")
    invite = one.invite()
    before = one.children()
    for name, pid in before.items():
        os.kill(pid, signal.SIGKILL)
        eventually(lambda name=name, pid=pid: one.children().get(name, pid) != pid, name)  # type: ignore[misc]
    after = one.children()
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    for address in invite.addresses:
        eventually(lambda address=address: listens(address), address)  # type: ignore[misc]
    assert "the broker ended with status -9; it starts again in 0.2 s" in one.complained()
    assert one.said().count("zviazok://") == 1
    assert one.stop() == 0


@linux
def test_when_it_is_killed_its_children_go_and_the_next_one_starts(up: Callable[..., Up]) -> None:
    words = ("--listen", f"127.0.0.1:{free_ports(1)}", "--no-gui")
    one = up(*words)
    first = one.invite()
    children = one.children()
    assert one.stop(signal.SIGKILL) == -signal.SIGKILL
    eventually(lambda: all(map(is_gone, children.values())), "orphans end")
    two = up(*words, "--data", str(one.out.parent / "home" / "share" / "zviazok" / "server"))
    assert two.invite() == first
    assert two.stop() == 0


def test_a_second_one_on_the_same_data_explains_itself(up: Callable[..., Up]) -> None:
    one = up("--listen", f"127.0.0.1:{free_ports(1)}", "--no-gui")
    one.invite()
    data = str(one.out.parent / "home" / "share" / "zviazok" / "server")
    two = up("--listen", f"127.0.0.1:{free_ports(1)}", "--no-gui", "--data", data)
    assert two.process.wait(DEADLINE_S) == 1
    assert two.said() == ""
    lines = two.complained().splitlines()
    assert len(lines) == 1
    assert "another broker" in lines[0]
    assert data in lines[0]


def test_a_port_in_use_is_one_line(up: Callable[..., Up]) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        one = up("--listen", f"127.0.0.1:{port}", "--no-gui")
        assert one.process.wait(DEADLINE_S) == 1
    assert one.complained().splitlines() == [one.complained().rstrip("\n")]
    assert f"port {port} is in use" in one.complained()
    assert not (one.out.parent / "home").exists()


def test_a_folder_that_cannot_be_written_is_one_line(up: Callable[..., Up], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = ("--data", str(tmp_path / "file"), "--listen", f"127.0.0.1:{free_ports(1)}")
    one = up(*words)
    assert one.process.wait(DEADLINE_S) == 1
    assert one.complained().count("\n") == 1
    assert "--data" in one.complained()


# --- the owner ----------------------------------------------------------------------------

_IN_PLACE_OF_THE_WINDOW = f"""
import json, os, sys, time
if sys.orig_argv[-2:] == ["-m", "gui"]:
    place = os.environ["WINDOW_NOTES"]
    links = [os.environ.get(name) for name in ({LINK_VARIABLE!r}, {OWNER_VARIABLE!r})]
    with open(place + ".new", "w") as file:
        json.dump([os.getpid(), *links], file)
    os.replace(place + ".new", place)
    while not os.path.exists(place + ".close"):
        time.sleep(0.02)
    os._exit(0)
"""
"""A window needs a display: this notes what it was given, and waits to be closed."""


class Noted:
    """``up`` with a process in place of its window."""

    def __init__(self, up: Callable[..., Up], folder: Path, number: int) -> None:
        place = folder / f"site-{number}"
        place.mkdir()
        (place / "sitecustomize.py").write_text(_IN_PLACE_OF_THE_WINDOW)
        self._notes = place / "notes"
        self.data = folder / "data"
        self.up = up(
            *("--data", str(self.data), "--listen", f"127.0.0.1:{free_ports(1)}"),
            PYTHONPATH=f"{place}{os.pathsep}{ROOT}",
            DISPLAY=":65000",
            WINDOW_NOTES=str(self._notes),
        )
        eventually(self._notes.exists, "the window")
        self.pid, self.link, self.owner_link = json.loads(self._notes.read_text())

    @property
    def owner_token(self) -> str:
        token = Invite.parse(self.owner_link).token
        assert token is not None
        return token

    def close_window(self) -> None:
        self._notes.with_name("notes.close").touch()
        eventually(lambda: "The window is closed" in self.up.said(), "the end of the window")


@linux
def test_whoever_starts_it_gets_a_link_that_makes_an_owner(
    up: Callable[..., Up], tmp_path: Path
) -> None:
    one = Noted(up, tmp_path, 1)
    invite, owner = one.up.invite(), Invite.parse(one.owner_link)
    assert one.link == str(invite)
    assert (owner.addresses, owner.server_key) == (invite.addresses, invite.server_key)
    grant = Tokens(one.data).find(one.owner_token)
    assert grant is not None and (grant.role, grant.uses) == (Role.OWNER, 1)
    # It is in that process's environment, and nowhere else.
    assert one.owner_token not in one.up.said() + one.up.complained()
    for pid in (one.up.process.pid, one.pid, *one.up.children().values()):
        assert one.owner_token not in Path(f"/proc/{pid}/cmdline").read_text()
    for path in one.data.rglob("*"):
        assert path.is_dir() or one.owner_token.encode() not in path.read_bytes(), path
    one.close_window()
    assert Tokens(one.data).find(one.owner_token) is None
    assert one.up.stop() == 0


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_link_that_nobody_used_ends_with_its_server_or_at_the_next_start(
    up: Callable[..., Up], tmp_path: Path, number: int
) -> None:
    one = Noted(up, tmp_path, 1)
    tokens = Tokens(one.data)
    one.up.stop(number)
    assert (tokens.find(one.owner_token) is None) is (number == signal.SIGTERM)
    if number == signal.SIGKILL:
        os.kill(one.pid, signal.SIGTERM)
    two = Noted(up, tmp_path, 2)
    assert tokens.find(one.owner_token) is None
    assert tokens.find(two.owner_token) is not None
    assert len(read_book(two.data).invites) == 1
    assert two.up.stop() == 0


@linux
def test_whoever_comes_with_it_owns_the_server(up: Callable[..., Up], tmp_path: Path) -> None:
    one = Noted(up, tmp_path, 1)
    owner = Invite.parse(one.owner_link)
    with circle() as bare:
        # Somebody who was quicker is not the owner for that.
        bob = bare(one.up.invite(), "Bob")
        ann = bare(owner, "Ann")
        page = bob.ask(People(0, b"", 500), PeoplePage)
        assert {row[1]: row[5] for row in page.people} == {"Ann": Role.OWNER, "Bob": Role.MEMBER}
        eve = bare(owner, "Eve", welcome=False)
        assert eve.expect(Bye).code == ErrorCode.TOKEN
        device = ann.device
    one.close_window()
    assert one.up.stop() == 0
    two = Noted(up, tmp_path, 2)
    assert two.owner_link is None
    with circle() as bare:
        bare(two.up.invite(), "Ann", device=device)
    assert two.up.stop() == 0


@linux
def test_a_server_with_an_owner_makes_no_other(up: Callable[..., Up], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    journal = SqliteJournal(tmp_path / "data" / "journal.sqlite3")
    journal.take_over()
    ann = PersonRow(1, b"ann-ann-", "Ann", "ann")
    owner = StandingRow(1, Role.OWNER, False, False, 0)
    journal.append(Batch(people=[ann], standings={1: owner}))
    journal.close()
    one = Noted(up, tmp_path, 1)
    assert one.owner_link is None and one.link == str(one.up.invite())
    assert read_book(one.data).invites == ()
    assert one.up.stop() == 0


def test_without_a_window_it_says_how_somebody_is_put_in_charge(up: Callable[..., Up]) -> None:
    one = up("--listen", f"127.0.0.1:{free_ports(1)}", "--no-gui")
    one.invite()
    eventually(lambda: "\nzviazok invite --role owner\n" in one.said(), "a word about owners")
    data = one.out.parent / "home" / "share" / "zviazok" / "server"
    assert read_book(data).invites == ()
    assert one.stop() == 0


def test_a_closed_server_prints_a_link_for_those_who_have_joined(
    up: Callable[..., Up], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    change_book(data, lambda book: replace(book, mode=Mode.TOKEN))
    one = up("--data", str(data), "--listen", f"127.0.0.1:{free_ports(1)}", "--no-gui")
    assert one.invite().token is None
    assert "New people need a counted link" in one.said()
    hint = f"\nzviazok invite --role owner --data '{data}'\n"
    eventually(lambda: hint in one.said(), "a word about owners")
    assert one.stop() == 0


@linux
def test_without_a_display_it_says_so_and_serves(up: Callable[..., Up]) -> None:
    one = up("--listen", f"127.0.0.1:{free_ports(1)}")
    one.invite()
    eventually(lambda: "there is no display here" in one.said(), "a word about the display")
    assert one.process.poll() is None
    assert one.stop() == 0


@linux
def test_a_window_that_cannot_open_does_not_stop_the_server(up: Callable[..., Up]) -> None:
    one = up("--listen", f"127.0.0.1:{free_ports(1)}", DISPLAY=":65000")
    invite = one.invite()
    eventually(lambda: "the server goes on" in one.said(), "a word about the window")
    assert all(listens(address) for address in invite.addresses)
    assert one.stop() == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--gateways", "0"],
        ["--gateways", "x"],
        ["--gateways", "1000"],
        ["--listen", "nowhere:"],
        ["--listen", "127.0.0.1:65535", "--gateways", "2"],
        ["--colour"],
        ["more"],
    ],
)
def test_wrong_words_are_one_line(up: Callable[..., Up], words: list[str]) -> None:
    one = up(*words)
    assert one.process.wait(DEADLINE_S) == 2
    assert one.complained().count("\n") == 1
    assert "zviazok up --help" in one.complained()


def test_a_display_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    assert "display" in missing_for_window()
    monkeypatch.setenv("DISPLAY", ":0")
    assert "display" not in missing_for_window()
