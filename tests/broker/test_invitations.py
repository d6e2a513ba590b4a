"""Invite links from a data folder: what they name, and what is said where none can be made."""

import json
from pathlib import Path

import pytest

from broker import invitations
from protocol import addresses
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
