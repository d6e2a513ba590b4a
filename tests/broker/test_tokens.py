"""Which tokens admit somebody, as the file of invites changes under a running broker."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from broker.grants import Grant
from broker.invites import (
    INVITES_FILE,
    Mode,
    added,
    change_book,
    draw,
    read_book,
    revoked,
)
from broker.tokens import STANDING_FILE, Tokens, standing_token
from protocol.codes import Role
from protocol.errors import SetupError

NOW_MS = 1_790_000_000_000
ANYBODY = Grant("", Role.MEMBER, 0, 0)


def counted(data: Path, role: Role = Role.MEMBER, uses: int = 3) -> tuple[str, Grant]:
    """Make a counted invite; return its token, and what it should grant."""
    token, invite = draw(role, uses, NOW_MS, "", NOW_MS)
    change_book(data, lambda book: added(book, invite, NOW_MS))
    return token, Grant(invite.id, role, uses, NOW_MS)


def switch(data: Path, mode: Mode) -> None:
    change_book(data, lambda book: replace(book, mode=mode))


def test_the_standing_token_is_made_once(tmp_path: Path) -> None:
    token = standing_token(tmp_path)
    assert len(token) == 22 and standing_token(tmp_path) == token
    path = tmp_path / STANDING_FILE
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
    for lost in ("", "\n"):
        path.write_text(lost)
        again = standing_token(tmp_path)
        assert len(again) == 22 and again != token
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SetupError, match="permissions"):
        standing_token(tmp_path)


def test_a_standing_token_is_told_from_one_for_some_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["Counted-aaaaaaaaaaaaaa", "Link-aaaaaaaaaaaaaaaaa", "standing-aaaaaaaaaaaaa"])
    monkeypatch.setattr("broker.tokens.secrets.token_urlsafe", lambda _: next(drawn))
    assert standing_token(tmp_path) == "standing-aaaaaaaaaaaaa"


@pytest.mark.parametrize("token", ["Counted-aaaaaaaaaaaaaa", "Link-aaaaaaaaaaaaaaaaa"])
def test_a_standing_token_of_an_earlier_version_lets_people_in(tmp_path: Path, token: str) -> None:
    (tmp_path / STANDING_FILE).write_text(token, encoding="ascii")
    assert Tokens(tmp_path).find(token) == ANYBODY


def test_an_open_server_admits_by_both(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    assert tokens.find(standing_token(tmp_path)) == ANYBODY
    token, grant = counted(tmp_path, Role.MODERATOR)
    assert tokens.find(token) == grant
    assert tokens.find(standing_token(tmp_path)) == ANYBODY
    for wrong in ("", "x", token[:-1], token + "x", token.swapcase(), grant.id, "Ї" * 64):
        assert tokens.find(wrong) is None


def test_what_is_changed_holds_at_the_next_question(tmp_path: Path) -> None:
    tokens, standing = Tokens(tmp_path), standing_token(tmp_path)
    token, grant = counted(tmp_path, Role.OWNER, 1)
    for _ in range(20):
        switch(tmp_path, Mode.TOKEN)
        assert tokens.find(standing) is None and tokens.find(token) == grant
        switch(tmp_path, Mode.OPEN)
        assert tokens.find(standing) == ANYBODY
    change_book(tmp_path, lambda book: revoked(book, grant.id))
    assert tokens.find(token) is None
    switch(tmp_path, Mode.TOKEN)
    # And at the next start.
    assert Tokens(tmp_path).find(standing) is None


@pytest.mark.parametrize("mode", Mode)
def test_a_damaged_file_admits_nobody_whom_it_would_have_named(
    tmp_path: Path, mode: Mode, logged_errors: list[logging.LogRecord]
) -> None:
    tokens, standing = Tokens(tmp_path), standing_token(tmp_path)
    token, grant = counted(tmp_path)
    switch(tmp_path, mode)
    whole = (tmp_path / INVITES_FILE).read_bytes()
    assert tokens.find(token) == grant
    # The mode stands before what is damaged, so it is known.
    (tmp_path / INVITES_FILE).write_bytes(whole.replace(b'"uses": 3', b'"uses": -3'))
    for _ in range(3):
        assert tokens.find(token) is None
        assert tokens.find(standing) == (ANYBODY if mode is Mode.OPEN else None)
    (line,) = [one.getMessage() for one in logged_errors]
    word = "admitted" if mode is Mode.OPEN else "refused"
    assert line.startswith(f"invites_unusable standing_link={word} why=")
    assert "Put it back from a backup" in line
    assert token not in line and standing not in line
    # Where nothing can be told, nobody comes in by any token.
    (tmp_path / INVITES_FILE).write_bytes(whole[: len(whole) // 2])
    assert tokens.find(token) is tokens.find(standing) is None
    (tmp_path / INVITES_FILE).write_bytes(whole)
    assert tokens.find(token) == grant
    logged_errors.clear()


def test_a_file_that_is_gone_is_no_open_server(
    tmp_path: Path, logged_errors: list[logging.LogRecord]
) -> None:
    tokens, standing = Tokens(tmp_path), standing_token(tmp_path)
    switch(tmp_path, Mode.TOKEN)
    assert tokens.find(standing) is None
    (tmp_path / INVITES_FILE).unlink()
    assert tokens.find(standing) is None
    assert "is gone; put it back" in logged_errors.pop().getMessage()
    switch(tmp_path, Mode.OPEN)
    assert tokens.find(standing) == ANYBODY


@pytest.mark.skipif(os.name != "posix", reason="only on POSIX: modes of files")
def test_a_file_that_others_can_use_is_noticed(
    tmp_path: Path, logged_errors: list[logging.LogRecord]
) -> None:
    tokens, standing = Tokens(tmp_path), standing_token(tmp_path)
    assert tokens.find(standing) == ANYBODY
    (tmp_path / INVITES_FILE).chmod(0o666)
    assert tokens.find(standing) is None
    assert "chmod 600" in logged_errors.pop().getMessage()
    (tmp_path / INVITES_FILE).chmod(0o600)
    assert tokens.find(standing) == ANYBODY


def test_a_broker_starts_where_the_file_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = standing_token(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("broker.invites.write_synced", full)
        tokens = Tokens(tmp_path)
    assert tokens.find(standing) == ANYBODY and not (tmp_path / INVITES_FILE).exists()
    switch(tmp_path, Mode.TOKEN)
    assert tokens.find(standing) is None


def test_no_token_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tokens = Tokens(tmp_path)
        token, _ = counted(tmp_path)
        assert tokens.find(token)
    assert "invites_read mode=open counted=1" in caplog.text
    assert token not in caplog.text and standing_token(tmp_path) not in caplog.text
    assert read_book(tmp_path).invites[0].digest.hex() not in caplog.text
