"""Invite links from a data folder: what they name, and what is said where none can be made."""

import json
import time
from pathlib import Path

import pytest

from broker import invitations
from broker.grants import Grant
from broker.invites import INVITES_FILE, Mode, digest, read_book
from broker.journal import Batch, PersonRow, StandingRow
from broker.sqlite_journal import SqliteJournal
from broker.tokens import Tokens
from protocol import addresses
from protocol.codes import Role
from protocol.errors import SetupError
from protocol.invite import Invite
from protocol.keys import load_or_make

TOKEN = "abcdefghijklmnopqrstuv"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    load_or_make(tmp_path / "frontend.key")
    (tmp_path / "invite.token").write_text(TOKEN + "\n", encoding="ascii")
    return tmp_path


def note(data: Path, *listening: str) -> None:
    (data / "addresses.json").write_text(json.dumps(listening), encoding="utf-8")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "own_addresses", lambda: ["192.168.1.5", "fd00::5"])


def test_the_link_names_key_token_and_addresses(data: Path) -> None:
    invite = invitations.make_invite(data, ["0.0.0.0:8080", "gate.example:8081"])
    key = load_or_make(data / "frontend.key").public
    assert invite == Invite(("192.168.1.5:8080", "gate.example:8081"), key, TOKEN)


def test_loopback_is_left_out_where_others_can_come(data: Path) -> None:
    assert invitations.make_invite(data, ["127.0.0.1:1", "[::]:2"]).addresses == (
        "192.168.1.5:2",
        "[fd00::5]:2",
    )
    assert invitations.make_invite(data, ["127.0.0.1:1"]).addresses == ("127.0.0.1:1",)


def test_the_word_prints_one_link(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note(data, "0.0.0.0:8080")
    assert invitations.main(["--data", str(data)]) == 0
    out, err = capsys.readouterr()
    assert Invite.parse(out).addresses == ("192.168.1.5:8080",)
    assert out.count("\n") == 1
    assert err == ""


def test_it_says_so_when_only_this_machine_can_come(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note(data, "127.0.0.1:8080", "127.0.0.1:8081")
    assert invitations.main(["--data", str(data)]) == 0
    out, err = capsys.readouterr()
    assert Invite.parse(out).addresses == ("127.0.0.1:8080", "127.0.0.1:8081")
    assert "only programs on this machine" in err
    assert err.count("\n") == 1


def test_no_server_ever_ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invitations.main(["--data", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "zviazok up" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", "[1]", '["a:1"', "null", "\x00"])
def test_addresses_that_cannot_be_read(data: Path, text: str) -> None:
    (data / "addresses.json").write_text(text, encoding="utf-8")
    with pytest.raises(SetupError, match="zviazok up"):
        invitations.read_addresses(data)


def test_reading_makes_no_key(tmp_path: Path) -> None:
    (tmp_path / "invite.token").write_text(TOKEN, encoding="ascii")
    with pytest.raises(SetupError):
        invitations.make_invite(tmp_path, ["127.0.0.1:1"])
    assert not (tmp_path / "frontend.key").exists()


# --- counted links ------------------------------------------------------------------------


class Words:
    """``zviazok invite`` on one folder: what it printed and complained."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data = data
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        try:
            status = invitations.main(["--data", str(self.data), *words])
        except SystemExit as error:
            status = int(str(error.code))
        self.out, self.err = self._capsys.readouterr()
        return status

    def token(self, *words: str) -> str:
        """Make a counted link; return its token."""
        assert self(*words) == 0
        token = Invite.parse(self.out).token
        assert token is not None
        return token


@pytest.fixture
def invite(data: Path, capsys: pytest.CaptureFixture[str]) -> Words:
    note(data, "0.0.0.0:8080")
    return Words(data, capsys)


def test_a_counted_link_is_printed_once_and_stored_as_a_hash(invite: Words) -> None:
    before_ms = time.time_ns() // 1_000_000
    token = invite.token("--uses", "30", "--expires", "2d", "--note", " class  9b ")
    assert token != TOKEN
    assert invite.out.count("\n") == 1
    assert Invite.parse(invite.out).addresses == ("192.168.1.5:8080",)
    (made,) = read_book(invite.data).invites
    assert (made.uses, made.role, made.note, made.revoked) == (30, Role.MEMBER, "class 9b", False)
    assert made.digest == digest(token)
    assert before_ms <= made.made_ts
    assert made.expires_ts == made.made_ts + 2 * 86_400_000
    assert f"{made.id}: for 30 people, until 20" in invite.err
    assert f"zviazok invite --revoke {made.id}" in invite.err
    assert "the standing link lets everybody in as well" in invite.err
    assert token not in invite.err
    assert token not in (invite.data / INVITES_FILE).read_text("utf-8")
    assert Tokens(invite.data).find(token) == Grant(made.id, Role.MEMBER, 30, made.expires_ts)


@pytest.mark.parametrize(
    ("words", "uses", "days", "role"),
    [
        (["--uses", "5"], 5, 7, Role.MEMBER),
        (["--expires", "2w"], 1, 14, Role.MEMBER),
        (["--expires", "48h"], 1, 2, Role.MEMBER),
        (["--note", "for Ada"], 1, 7, Role.MEMBER),
        (["--role", "owner"], 1, 7, Role.OWNER),
        (["--role", "moderator", "--uses", "2"], 2, 7, Role.MODERATOR),
    ],
)
def test_what_is_not_said_has_a_default(
    invite: Words, words: list[str], uses: int, days: int, role: Role
) -> None:
    invite.token(*words)
    (made,) = read_book(invite.data).invites
    assert (made.uses, made.role) == (uses, role)
    assert made.expires_ts - made.made_ts == days * 86_400_000
    assert ("who becomes" in invite.err) is (role > Role.MEMBER)


def test_the_help_says_the_defaults(invite: Words) -> None:
    assert invite("--help") == 0
    assert "(default 1)" in invite.out and "(default 7d)" in invite.out


@pytest.mark.parametrize(
    "words",
    [
        ["--uses", "0"],
        ["--uses", "-1"],
        ["--uses", "many"],
        ["--uses", "100001"],
        ["--uses", "9" * 5_000],
        ["--expires", "2"],
        ["--expires", "d"],
        ["--expires", "0d"],
        ["--expires", "-2d"],
        ["--expires", "53w"],
        ["--expires", "2 days"],
        ["--expires", "٢d"],
        ["--role", "king"],
        ["--role", "member"],
        ["--note", "x" * 101],
        ["--note", "\x1b[2J"],
        ["--mode", "closed"],
        ["--list", "--uses", "3"],
        ["--first-owner", "--uses", "3"],
        ["--revoke", "abc", "--list"],
        ["--mode", "token", "--role", "owner"],
        ["--role", "owner", "--uses", "2"],
        ["more"],
    ],
)
def test_wrong_words_are_one_line_and_make_nothing(invite: Words, words: list[str]) -> None:
    assert invite(*words) == 2
    assert invite.out == "" and invite.err.count("\n") == 1
    assert "zviazok invite --help" in invite.err and "\x1b" not in invite.err
    assert not (invite.data / INVITES_FILE).exists()


def test_no_invite_is_made_where_no_link_can_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invite = Words(tmp_path, capsys)
    assert invite("--uses", "3") == 1
    assert "zviazok up" in invite.err and invite.out == ""
    load_or_make(tmp_path / "frontend.key")
    (tmp_path / "invite.token").write_text(TOKEN)
    assert invite("--uses", "3") == 1
    assert "no gateway of the server" in invite.err
    assert not (tmp_path / INVITES_FILE).exists()


def test_the_mode_is_switched_and_stays(invite: Words) -> None:
    tokens = Tokens(invite.data)
    assert tokens.find(TOKEN) is not None
    assert invite("--mode", "token") == 0
    assert invite.out == "From now on: token (only counted links let anybody in)\n"
    assert tokens.find(TOKEN) is None
    assert invite() == 1
    assert invite.out == ""
    assert "counted links only. Make one: zviazok invite --uses 30 --expires 2d" in invite.err
    assert tokens.find(invite.token("--uses", "2")) is not None
    assert "standing link" not in invite.err
    assert invite("--mode", "token") == 0
    assert "It was so already" in invite.out
    assert invite("--mode", "open") == 0
    assert tokens.find(TOKEN) is not None
    assert invite() == 0
    assert Invite.parse(invite.out).token == TOKEN


def test_a_server_can_be_closed_before_its_first_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invite = Words(tmp_path / "new", capsys)
    assert invite("--mode", "token") == 0
    assert read_book(tmp_path / "new").mode is Mode.TOKEN


def test_the_list_says_what_became_of_each(invite: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    assert invite("--list") == 0
    assert invite.out.splitlines() == [
        "mode: open (whoever has the standing link can join)",
        "There are no counted links.",
    ]
    tokens = [
        invite.token("--uses", "30", "--note", "клас 9"),
        invite.token("--role", "moderator"),
        invite.token("--expires", "1s"),
        invite.token("--uses", "2"),
    ]
    class_, moderator, short, other = [one.id for one in read_book(invite.data).invites]
    journal = SqliteJournal(invite.data / "journal.sqlite3")
    journal.take_over()
    journal.append(Batch(invite_uses={class_: 12, moderator: 1, f"{moderator}:0011": 1}))
    assert invite("--revoke", other) == 0
    assert invite.out == f"{other} lets nobody in any more. Who has joined by it stays.\n"
    later_ms = read_book(invite.data).invites[2].expires_ts
    monkeypatch.setattr(invitations, "_now_ms", lambda: later_ms)
    # Beside the broker that holds the journal open.
    assert invite("--list") == 0
    lines = [one.split() for one in invite.out.splitlines()]
    assert lines[1] == ["ID", "USED", "EXPIRES", "ROLE", "STATE", "NOTE"]
    rows = {one[0]: [one[1], *one[4:]] for one in lines[2:]}
    assert rows == {
        class_: ["12/30", "member", "open", "клас", "9"],
        moderator: ["1/1", "moderator", "used", "up"],
        short: ["0/1", "member", "expired"],
        other: ["0/2", "member", "revoked"],
    }
    assert not any(token in invite.out + invite.err for token in tokens)
    journal.close()
    (invite.data / "journal.sqlite3").write_bytes(b"no journal" * 100)
    assert invite("--list") == 0
    assert "?/30" in invite.out and "how often they were used cannot be told" in invite.err


def test_what_is_not_there_cannot_be_revoked(invite: Words) -> None:
    for name in ("nobody", "", "../x"):
        assert invite("--revoke", name) == 1
        assert "--list shows them" in invite.err and invite.err.count("\n") == 1


def test_revoking_holds_at_once(invite: Words) -> None:
    tokens = Tokens(invite.data)
    token, kept = invite.token("--uses", "2"), invite.token("--uses", "2")
    assert invite("--revoke", read_book(invite.data).invites[0].id) == 0
    assert tokens.find(token) is None and tokens.find(kept) is not None


def test_who_makes_a_link_that_gives_a_role_is_told_to_revoke_it(invite: Words) -> None:
    for words, who in (
        (["--role", "moderator", "--uses", "9"], "a moderator"),
        (["--role", "owner"], "an owner"),
    ):
        assert invite(*words) == 0
        assert f"becomes {who}: revoke it when all have come" in invite.err.splitlines()[-1]
    assert invite("--uses", "9") == 0
    assert "when all have come" not in invite.err


def test_a_first_owner_and_no_second_one(invite: Words) -> None:
    journal = SqliteJournal(invite.data / "journal.sqlite3")
    journal.take_over()
    tokens = Tokens(invite.data)
    first = invite.token("--first-owner")
    again = invite.token("--first-owner")
    assert invite.err == ""
    assert tokens.find(first) is None
    (made,) = read_book(invite.data).invites
    assert tokens.find(again) == Grant(made.id, Role.OWNER, 1, made.expires_ts, True)
    journal.append(
        Batch(
            people=[PersonRow(1, b"ann-ann-", "Ann", "ann")],
            standings={1: StandingRow(1, Role.OWNER, False, False, 0)},
            invite_uses={made.id: 1},
        )
    )
    assert invite("--first-owner") == 0
    assert (invite.out, invite.err) == ("", "")
    assert invite("--list") == 0
    assert "owner  used up  first owner" in invite.out
    journal.close()


@pytest.mark.parametrize("words", [[], ["--uses", "2"], ["--list"], ["--mode", "open"]])
def test_a_damaged_file_is_said_and_kept(invite: Words, words: list[str]) -> None:
    path = invite.data / INVITES_FILE
    path.write_text('{"format": 1')
    path.chmod(0o600)
    assert invite(*words) == 1
    assert invite.out == "" and "is damaged" in invite.err
    assert invite.err.count("\n") == 1
    assert path.read_text() == '{"format": 1'
    # The link of the server then has no token: nobody knows whether it is open.
    assert invitations.make_invite(invite.data, ["127.0.0.1:1"]).token is None
