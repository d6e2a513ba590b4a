"""One life of a server, from its first start to a restored disk's check, searched for canaries.

Everything is real: ``zviazok up`` with two gateways, terminals, a link, a backup, the doctor. Every
process logs all that it has to say, libraries too (DEBUG). Then each log, each word on a command
line, each environment and each complaint is searched for what was said, for names of files, for
tokens and for keys, in every way in which they may be spelled. :mod:`tests.security.test_secrets`
does the same to single parts, and to errors.
"""

import json
import os
import re
import resource
import secrets
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.invite import LINK_VARIABLE, Invite
from protocol.keys import load_or_make
from tests.integration.chat import Chat
from tests.security.test_secrets import CANARY, DEADLINE_S, Secrets, Up
from tests.server import ROOT

if sys.platform != "linux":
    pytest.skip("only on Linux is there /proc", allow_module_level=True)

WORDS = f"what was said {CANARY}"
WHISPER = f"to-one-alone-{secrets.token_hex(8)}"
FILE_NAME = f"secret-plan-{secrets.token_hex(6)}.png"
_LOUD = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(levelname)s %(message)s")
logging.getLogger().debug("whatever there is to say")
"""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cfc0f01f00050001ff895c5d0b0000000049454e44ae426082"
)


class Proc:
    """What the system shows of one process."""

    def __init__(self, pid: int) -> None:
        folder = Path(f"/proc/{pid}")
        self.words = (folder / "cmdline").read_bytes()
        try:
            self.environ = (folder / "environ").read_bytes().split(b"\0")
        except PermissionError:
            self.environ = []  # closed, as it shall be; root alone can look
        limits = (folder / "limits").read_text(encoding="ascii")
        self.core = re.findall(r"^Max core file size +(\S+) +(\S+)", limits, re.MULTILINE)


def family(pid: int) -> list[int]:
    """Return a process and all that it has started, and they in turn."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [pid, *(one for child in text.split() for one in family(int(child)))]


def run(*words: str, status: int = 0) -> tuple[str, bytes]:
    """Run a word of the program; return its stdout, and everything that it printed."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "zviazok.py"), *words],
        capture_output=True,
        timeout=DEADLINE_S * 2,
        check=False,
    )
    assert done.returncode == status, (words, done.stdout, done.stderr)
    return done.stdout.decode(), done.stdout + done.stderr


@pytest.fixture
def loud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have every process log at DEBUG, and open every file that it makes to all, if it may."""
    folder = tmp_path / "loud"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_LOUD, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{ROOT}")
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("loud")
def test_the_life_of_a_server_tells_no_secret(tmp_path: Path) -> None:
    one = Up(tmp_path, "--no-gui", "--gateways", "2")
    try:
        invite = one.link()
        known = Secrets()
        known.add_server(one.data)
        for name, words in (("whisper", WHISPER), ("name of a file", FILE_NAME)):
            known.add(name, words.encode())
        said = _converse(tmp_path, one, invite, known)
        for shown in (said, [Proc(pid) for pid in family(one.process.pid)]):
            _search(shown, known)
        _operate(tmp_path, one, known)
    finally:
        one.stop()
    complained = one.complained()
    assert complained.count("DEBUG whatever") >= 4, "supervisor, broker and gateways"
    assert known.found_in(complained.encode()) == []
    # What was searched for is there to be found, where it belongs.
    journal = b"".join(path.read_bytes() for path in one.data.glob("journal.sqlite3*"))
    assert {"canary", "whisper", "name of a file"} <= set(known.found_in(journal))
    for place in (one.data, tmp_path / "copy", tmp_path / "anna" / "profiles"):
        _look_at_modes(place)


def _converse(folder: Path, one: Up, invite: Invite, known: Secrets) -> list[Proc]:
    """Say everything that is to be found nowhere; return what was to be seen of the terminals."""
    picture = folder / FILE_NAME
    picture.write_bytes(PNG)
    anna = Chat(folder / "anna", str(invite), "anna", link_by_environment=True)
    boris = Chat(folder / "boris", str(invite), "boris", link_by_environment=True)
    with anna, boris:
        anna.say(WORDS)
        anna.say(WHISPER, to="boris")
        assert anna.ask(image=str(picture))["event"] == "acked"
        boris.until(lambda: WORDS in boris.rooms["general"].texts)
        boris.until(lambda: any(WHISPER in room.texts for room in boris.rooms.values()))
        token = boris.ask(link=True)["text"]
        known.add("link token", token.encode())
        for nick in ("anna", "boris"):
            (key,) = (folder / nick).rglob("device.key")
            known.add(f"{nick}'s secret key", load_or_make(key).secret)
        shown = [Proc(anna.pid), Proc(boris.pid)]
    for nick in ("anna", "boris"):
        assert known.found_in((folder / nick / "chat.err").read_bytes()) == []
    return shown


def _search(shown: list[Proc], known: Secrets) -> None:
    for one in shown:
        assert known.found_in(one.words) == []
        for variable in one.environ:
            # The one place for a link is the environment of the client that it was given to.
            if not variable.startswith(LINK_VARIABLE.encode() + b"="):
                assert known.found_in(variable) == []
        assert one.core == [("0", "0")], "a crash would write everything down"


def _operate(folder: Path, one: Up, known: Secrets) -> None:
    """Do what an operator does beside a running server; only the link may tell its token."""
    data = str(one.data)
    link, _ = run("invite", "--data", data)
    assert "invite token" in known.found_in(link.encode())
    heard = [run("backup", "--data", data, str(folder / "copy"))[1]]
    heard.append(run("backup", "--data", data, str(folder / "copy"), status=1)[1])
    report, printed = run("doctor", "--data", data, "--full", "--json")
    assert json.loads(report)
    heard += [printed, run("doctor", "--data", data, "--link", link.strip())[1]]
    broken = folder / "broken"
    broken.mkdir()
    (broken / "frontend.key").write_bytes((one.data / "frontend.key").read_bytes() + b"x")
    heard += [
        run("invite", "--data", str(broken), status=1)[1],
        run("doctor", "--data", str(broken), status=1)[1],
        run("restore", str(broken), "--data", str(folder / "new"), status=1)[1],
        run("chat", link.strip() + "!", "--nick", "x", status=2)[1],
    ]
    for one_word in heard:
        assert one_word and known.found_in(one_word) == [], one_word


def _look_at_modes(place: Path) -> None:
    found = [place, *place.rglob("*")]
    assert len(found) > 5
    for path in found:
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert mode & 0o077 == 0, f"{path} has mode {mode:o}"


def test_the_limit_would_be_seen_if_it_were_missing() -> None:
    """Else a machine on which no process may leave a core would hide what is missing."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    if before[1] == 0:
        pytest.skip("only on a machine that allows core files")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        resource.prlimit(other.pid, resource.RLIMIT_CORE, (before[1], before[1]))
        assert Proc(other.pid).core != [("0", "0")]
        other.communicate(b"\n")
