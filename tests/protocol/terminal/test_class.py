"""``zviazok chat`` as processes: a teacher at a terminal, a pupil at another, and a script."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

if os.name == "posix":
    import fcntl
    import termios

from tests.protocol.client.test_order import owner_invite
from tests.protocol.terminal.test_terminal import DEADLINE_S, Chat, Start, chat
from tests.server import ROOT, Server

__all__ = ["chat"]


@pytest.fixture
def school(server: Callable[..., Server], chat: Start) -> Iterator[tuple[Server, Chat, Chat, Chat]]:
    one = server(rate=0)
    olha = chat(str(owner_invite(one)), "Olha")
    olha.line(lambda line: line.startswith("You are Olha"))
    nora, script = chat(one.link, "Nora"), chat(one.link, "Script", "--json")
    nora.line(lambda line: line.startswith("You are Nora"))
    script.event("online")
    yield one, olha, nora, script


def ends(line: str) -> Callable[[str], bool]:
    return lambda one: one.endswith(line)


def test_a_lesson(school: tuple[Server, Chat, Chat, Chat]) -> None:
    _, olha, nora, script = school
    olha.type("/pause please listen")
    olha.line(ends("-- done"))
    nora.line(ends("* Olha paused the room: only those in charge may write (please listen)"))
    assert script.event("order", paused=True)["room"] == "general"
    nora.type("may I?")
    assert nora.line(lambda line: line.startswith("!! not sent: ")).endswith(
        "/again sends it later"
    )
    script.do(send="me too", id=1)
    refused = script.event("refused", id=1)
    assert (refused["code"], refused["field"]) == ("FORBIDDEN", "paused")
    nora.type("/hand")
    olha.line(ends("-- Nora raises a hand"))
    olha.type("/lower Nora")
    nora.line(ends("-- Nora has the hand down"))
    olha.type("/resume")
    nora.line(ends("* Olha resumed the room: everybody may write"))
    nora.type("/again")
    script.event("text", text="may I?", nick="Nora")
    script.do(retry=refused["n"], id=2)
    script.event("acked", id=2)

    olha.type("/slow 30s")
    script.event("notice", what="slow", value=30)
    nora.type("first")
    script.event("text", text="first")
    nora.type("second")
    nora.line(lambda line: line.startswith("-- not taken yet; sent by itself in "))
    olha.type("/slow off")
    script.event("text", text="second")
    olha.type("/direct off")
    script.event("order", direct="off", slow_s=0)
    nora.type("/msg Script psst")
    nora.line(lambda line: line.startswith("!! "))
    olha.type("/direct free")
    script.event("order", direct="free")
    nora.type("/order")
    nora.line(ends("nothing is restricted here"))
    nora.line(ends("Olha is an owner"))


def test_who_is_put_out_by_a_number_talks_to_nobody_else(
    school: tuple[Server, Chat, Chat, Chat],
) -> None:
    _, olha, nora, script = school
    nora.type("/msg Script psst")
    assert script.event("text", text="psst")["direct"] is True
    nora.type("rude")
    line = olha.line(lambda line: "rude" in line)
    olha.type(f"/kick {line.split()[1]} enough")
    olha.line(ends("* Olha put Nora out of the room (enough)"))
    nora.line(ends("-- you are in no room now: /join one"))
    nora.type("a word for general")
    nora.line(ends("!! you are in no room now: /join one"))
    nora.type("/join general")
    nora.line(ends("-- you are in general"))
    nora.type("back")
    script.event("text", text="back")
    assert not any("a word for general" in line for line in script.seen)
    script.do(people=True)
    ids = {one["nick"]: one["person"] for one in script.event("people")["people"]}
    olha.type("/role Script moderator")
    script.event("notice", what="role")
    script.do(act="mute", person=ids["Nora"], value=60, id=1)
    script.event("done", id=1)
    nora.line(ends("* Script muted Nora for 1m"))


def test_refusals_of_the_last_time_are_one_line_until_they_are_dropped(
    school: tuple[Server, Chat, Chat, Chat], chat: Start
) -> None:
    one, olha, nora, script = school
    olha.type("/pause")
    script.event("order", paused=True)
    for _ in range(3):
        nora.type("may I?")
        nora.line(lambda line: line.startswith("!! not sent: "))
    script.do(send="x", id=1)
    n = script.event("refused", id=1)["n"]
    script.do(discard=[n], id=2)
    assert script.event("discarded", id=2)["n"] == n
    script.do(discard=n, id=3)
    script.event("error", id=3)
    assert nora.end() == 0
    again = chat(one.link, "Nora")
    said = "!! 3 messages were refused: /again sends them anew, /drop forgets them"
    again.line(ends(said))
    again.type("/drop")
    again.line(ends("-- 3 messages were forgotten"))
    assert not any("not sent" in line for line in again.seen)
    assert again.end() == 0
    last = chat(one.link, "Nora")
    last.line(ends("-- the room is paused: only those in charge may write"))
    assert not any("refused" in line for line in last.seen)
    assert last.end() == 0


def test_people_are_kept_in_order(school: tuple[Server, Chat, Chat, Chat]) -> None:
    _, olha, nora, script = school
    nora.type("something rude")
    line = olha.line(lambda line: "something rude" in line)
    assert line.split()[1].startswith("#"), "who is in charge sees numbers"
    olha.type("/remove Nora")
    olha.line(ends("-- done"))
    nora.line(ends("* Olha removed a message of Nora"))
    changed = script.event("changed")["messages"][0]
    assert changed["deleted"] and changed["removed_by"]["nick"] == "Olha"

    olha.type("/mute nora 10m too loud")
    nora.line(ends("* Olha muted Nora for 10m (too loud)"))
    assert script.event("order")["muted"][0]["nick"] == "Nora"
    olha.type("/mute nora 10 minutes")
    olha.line(lambda line: line.startswith("!! ") and "10m" in line)
    olha.type("/unmute nora")
    nora.line(ends("* Olha lets Nora write again"))
    script.do(act="kick", who="Nora", id=1)
    error = script.event("error", id=1)
    assert (error["code"], error["field"]) == ("FORBIDDEN", "role")

    olha.type("/role Script moderator")
    script.event("notice", what="role", value=1)
    script.do(act="kick", who="Nora", text="enough", id=2)
    script.event("done", id=2)
    nora.line(ends("-- you are not in general any more"))
    nora.type("/join general")
    nora.line(ends("-- you are in general"))
    olha.type("/server ban Nora")
    assert nora.popen.wait(DEADLINE_S) == 1
    assert len(nora.complained().splitlines()) == 1
    olha.line(ends("-- done"))
    olha.type("/audit")
    olha.line(ends("Olha banned Nora"))


def test_a_private_room(school: tuple[Server, Chat, Chat, Chat]) -> None:
    _, olha, nora, script = school
    olha.type("/private staff room")
    olha.line(ends("-- you are in staff room (private)"))
    olha.type("/add Script")
    assert script.event("room", room="staff room")["private"] is True
    olha.type("between us")
    script.event("text", text="between us", room="staff room", private=True)
    script.do(members=True, room="staff room", id=1)
    members = script.event("members", id=1)["members"]
    assert {(one["nick"], one["role"]) for one in members} == {
        ("Olha", "owner"), ("Script", "member"),
    }  # fmt: skip
    olha.type("/add Nora")
    nora.line(ends("/join staff room talks there"))
    nora.type("/join staff room")
    nora.line(lambda line: "between us" in line)
    olha.type("/kick Nora")
    nora.line(ends("-- you are not in staff room (private) any more"))
    nora.type("/join staff room")
    nora.line(ends("-- you are in staff room"))
    nora.type("/members")
    nora.line(ends("   owner ● Nora"))
    assert not any("between us" in line for line in nora.seen[-3:])


def test_a_second_device(school: tuple[Server, Chat, Chat, Chat], tmp_path: Path) -> None:
    _, olha, nora, _ = school
    nora.type("/link")
    code = nora.line(lambda line: "the code for another device" in line).split(": ")[1]
    link = nora.line(lambda line: "the whole link" in line).split(": ")[1]
    assert link.endswith(f".{code}")
    (tmp_path / "other").mkdir()
    second = Chat(tmp_path / "other", link, "--nick", "Whoever", "--json")
    try:
        assert second.event("online")["nick"] == "Nora"
        second.do(send="from the other one")
        olha.line(lambda line: line.endswith("Nora: from the other one"))
        nora.type("/devices")
        mine = nora.line(ends("(this one)"))
        other = nora.line(lambda line: "●" in line).split("●")[1].strip()
        assert other not in mine
        nora.type(f"/ban-device Nora {other}")
        assert second.popen.wait(DEADLINE_S) == 1
        assert "Nora" not in second.complained()
    finally:
        second.close()


@pytest.mark.skipif(os.name != "posix", reason="a terminal is made as POSIX makes one")
def test_a_code_is_typed_where_nobody_reads_along(
    school: tuple[Server, Chat, Chat, Chat], tmp_path: Path
) -> None:
    one, olha, nora, _ = school
    nora.type("/link")
    code = nora.line(lambda line: "the code for another device" in line).split(": ")[1]
    plain = str(replace(one.invite, token=None))
    ours, theirs = os.openpty()
    words = ["-m", "protocol.terminal", plain, "--code", "--nick", "Whoever", "--json"]
    second = subprocess.Popen(
        [sys.executable, *words, "--data", str(tmp_path / "other")],
        cwd=ROOT, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    try:
        shown = b""
        while b"code" not in shown:
            shown += os.read(ours, 1_000)
        os.write(ours, code.encode() + b"\n")
        assert second.stdout is not None
        # What is typed before the code is taken is thrown away with its echo.
        online = next(line for line in second.stdout if b'"event": "online"' in line)
        assert b'"nick": "Nora"' in online
        os.write(ours, b'{"send": "typed by hand"}\n{"quit": true}\n')
        olha.line(lambda line: line.endswith("Nora: typed by hand"))
        out, err = second.communicate(timeout=DEADLINE_S)
        assert second.returncode == 0
        assert code.encode() not in online + out + err
    finally:
        second.kill()
        second.communicate()
        os.close(ours)


def test_a_code_is_not_read_from_a_script(tmp_path: Path) -> None:
    link = "zviazok://127.0.0.1:1/#" + "A" * 43
    words = ["-m", "protocol.terminal", link, "--code", "--nick", "Nora", "--data", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, input="code", capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2 and "ZVIAZOK_LINK" in done.stderr
    assert len(done.stderr.splitlines()) == 1
