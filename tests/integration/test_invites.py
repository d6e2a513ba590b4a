"""Counted invites over real processes: who comes in, and who does not any more, at once."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocol.codes import ErrorCode, Role
from protocol.frames import Bye, Error, Hello, People, PeoplePage, Welcome
from protocol.invite import Invite
from protocol.keys import KeyPair
from tests.integration.bare import PATIENCE_S, Bare, Circle
from tests.server import ROOT, Server

DEADLINE_S = 60.0


class Door:
    """A server, the words with which its admin rules who comes in, and whoever tries."""

    def __init__(self, server: Server, bare: Circle) -> None:
        self.server = server
        self.tokens: list[str] = []
        self._bare = bare

    def words(self, *words: str) -> str:
        """Run ``zviazok invite`` as a process of its own; return what it printed."""
        command = [sys.executable, "-m", "zviazok", "invite", "--data", str(self.server.data)]
        done = subprocess.run(
            [*command, *words], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def link(self, *words: str) -> Invite:
        """Make a counted link."""
        invite = Invite.parse(self.words(*words))
        assert invite.token is not None and invite.server_key == self.server.invite.server_key
        self.tokens.append(invite.token)
        return invite

    def ids(self) -> list[str]:
        """Return the ids of all counted links, in the order of their making."""
        return [line.split()[0] for line in self.words("--list").splitlines()[2:]]

    def knock(self, invite: Invite, nick: str = "Eve", device: KeyPair | None = None) -> Bare | Bye:
        """Try to come in, as a new device or a known one; return what came of it."""
        one = self._bare(invite, nick, device=device, welcome=False)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            frame = one.receive(deadline - time.monotonic())
            if isinstance(frame, Welcome):
                one.welcome = frame
                return one
            if isinstance(frame, Bye | Error) and frame.code == ErrorCode.UNAVAILABLE:
                # The broker has only just begun.
                time.sleep(0.1)
                one.send(Hello("bare", nick, invite.token, 0))
            elif isinstance(frame, Bye):
                return frame

    def come(self, invite: Invite, nick: str, device: KeyPair | None = None) -> Bare:
        """Come in."""
        one = self.knock(invite, nick, device)
        assert isinstance(one, Bare), one
        return one

    def refuses(self, invite: Invite, nick: str = "Eve") -> None:
        """Check that nobody comes in by this link."""
        answer = self.knock(invite, nick)
        assert isinstance(answer, Bye) and answer.code == ErrorCode.TOKEN, answer

    def again(self, one: Bare, invite: Invite) -> Bare:
        """Let a device that is known come back."""
        return self.come(invite, one.nick, one.device)


@pytest.fixture
def door(server: Callable[..., Server], bare: Circle) -> Iterator[Door]:
    one = Door(server(rate=0), bare)
    yield one
    # No token is anywhere but in the links.
    said = "".join(path.read_text("utf-8", "replace") for path in logs(one.server))
    files = b"".join(path.read_bytes() for path in one.server.data.rglob("*") if path.is_file())
    for token in one.tokens:
        assert token not in said and token.encode() not in files


def logs(server: Server) -> list[Path]:
    return [path for one in (server.broker, *server.gateways) for path in (one.out, one.err)]


def roles(one: Bare) -> dict[str, int]:
    return {row[1]: row[5] for row in one.ask(People(0, b"", 500), PeoplePage).people}


def test_a_counted_link_is_used_up(door: Door) -> None:
    link = door.link("--uses", "2")
    ann, bob = door.come(link, "Ann"), door.come(link, "Bob")
    door.refuses(link)
    assert " 2/2 " in door.words("--list") and "used up" in door.words("--list")
    # Who has joined comes back with it; that counts nothing.
    ann = door.again(ann, link)
    assert set(ann.people()) == {"Ann", "Bob"}
    door.server.kill_broker()
    door.server.restart_broker()
    bob = door.again(bob, door.server.invite)
    door.refuses(link)
    assert set(bob.people()) == {"Ann", "Bob"}


def test_a_nickname_that_is_taken_uses_nothing_up(door: Door) -> None:
    link = door.link("--uses", "2")
    door.come(link, "Ann")
    answer = door.knock(link, "Ann")
    assert isinstance(answer, Bye) and answer.code == ErrorCode.NICK_TAKEN
    assert isinstance(door.knock(link, "Bob"), Bare)


def test_a_link_expires(door: Door) -> None:
    link = door.link("--uses", "100000", "--expires", "1s")
    deadline = time.monotonic() + DEADLINE_S
    came = 0
    while isinstance(answer := door.knock(link, f"Eve {came}"), Bare):
        came += 1
        assert time.monotonic() < deadline
    assert answer.code == ErrorCode.TOKEN
    door.refuses(link)
    assert "expired" in door.words("--list")


def test_a_link_is_revoked_under_a_running_broker(door: Door) -> None:
    link, other = door.link("--uses", "9"), door.link("--uses", "9")
    ann = door.come(link, "Ann")
    door.words("--revoke", door.ids()[0])
    door.refuses(link)
    assert isinstance(door.knock(other), Bare)
    assert "Eve" in door.again(ann, link).people()


def test_a_server_is_closed_and_opened_under_a_running_broker(door: Door) -> None:
    standing = door.server.invite
    assert standing.token is not None
    ann = door.come(standing, "Ann")
    for _ in range(3):
        door.words("--mode", "token")
        door.refuses(standing)
        ann = door.again(ann, standing)
        assert door.server.invite.token is None
        door.words("--mode", "open")
        assert door.server.invite == standing
    door.words("--mode", "token")
    door.server.kill_broker()
    door.server.restart_broker()
    ann = door.again(ann, standing)
    door.refuses(standing)
    link = door.link("--uses", "1")
    assert isinstance(door.knock(link, "Bob"), Bare)
    assert set(ann.people()) == {"Ann", "Bob"}


def test_a_link_gives_a_role_once(door: Door) -> None:
    standing = door.server.invite
    ann = door.come(standing, "Ann")
    bob = door.come(door.link("--role", "moderator"), "Bob")
    assert roles(ann) == {"Ann": Role.MEMBER, "Bob": Role.MODERATOR}
    # Whoever has joined takes the role by opening the link.
    owner = door.link("--role", "owner")
    assert "owner" in door.words("--list")
    ann = door.again(ann, owner)
    assert roles(bob) == {"Ann": Role.OWNER, "Bob": Role.MODERATOR}
    # And nobody else does.
    door.refuses(owner)
    bob = door.again(bob, owner)
    assert roles(bob) == {"Ann": Role.OWNER, "Bob": Role.MODERATOR}
    assert door.words("--first-owner") == ""


def test_a_link_for_the_first_owner_makes_nobody_owner_of_a_server_that_has_one(door: Door) -> None:
    first = door.link("--first-owner")
    ann = door.come(door.link("--role", "owner"), "Ann")
    bob = door.come(first, "Bob")
    assert roles(ann) == {"Ann": Role.OWNER, "Bob": Role.MEMBER}
    assert "used up  first owner" in door.words("--list")
    door.refuses(first)
    # What a program keeps of the link: who is known needs no token.
    assert first.to_pass_on is None
    bob = door.again(bob, first.to_keep)
    assert roles(bob) == {"Ann": Role.OWNER, "Bob": Role.MEMBER}


def test_a_damaged_file_keeps_newcomers_out_and_nobody_else(door: Door) -> None:
    standing, link = door.server.invite, door.link("--uses", "9")
    ann = door.come(link, "Ann")
    path = door.server.data / "invites.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    door.refuses(link)
    door.refuses(standing)
    ann = door.again(ann, link)
    path.write_bytes(whole)
    assert isinstance(door.knock(link), Bare)
    assert "Eve" in ann.people()
    assert "invites_unusable" in door.server.broker.complained()
