"""The file of invites: what is read is what was written, and anything else admits nobody."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.invites import (
    INVITES_FILE,
    INVITES_MAX,
    KEPT_MS,
    Book,
    CountedInvite,
    Mode,
    added,
    change_book,
    digest,
    draw,
    make_book,
    read_book,
    revoked,
)
from broker.lock import DataLock
from protocol.codes import Role
from protocol.errors import SetupError
from protocol.limits import TOKEN_MAX_CHARS

NOW_MS = 1_790_000_000_000
posix = pytest.mark.skipif(os.name != "posix", reason="only on POSIX: modes of files")


def invite(expires_ts: int = NOW_MS + 1_000, **changes: Any) -> CountedInvite:
    made = draw(Role.MEMBER, 3, expires_ts, "клас 9", NOW_MS)[1]
    return replace(made, **changes)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    make_book(tmp_path)
    assert read_book(tmp_path) == Book(Mode.OPEN)
    invites = (
        invite(),
        invite(role=Role.OWNER, uses=1, first_owner=True),
        invite(role=Role.MODERATOR, revoked=True, note=""),
    )
    book = Book(Mode.TOKEN, invites)
    assert change_book(tmp_path, lambda _: book) == book
    assert read_book(tmp_path) == book
    make_book(tmp_path)
    assert read_book(tmp_path) == book
    if os.name == "posix":
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
        assert set(modes.values()) == {0o600}, modes


def test_a_folder_where_none_was_made_is_an_open_server(tmp_path: Path) -> None:
    assert read_book(tmp_path) == Book(Mode.OPEN)
    assert not [*tmp_path.iterdir()]


def test_tokens_cannot_be_guessed_and_are_not_in_the_file(tmp_path: Path) -> None:
    drawn = [draw(Role.MEMBER, 1, NOW_MS + 1, "", NOW_MS) for _ in range(300)]
    tokens = [token for token, _ in drawn]
    assert len(set(tokens)) == len({one.id for _, one in drawn}) == 300
    for token, one in drawn:
        assert 22 < len(token) <= TOKEN_MAX_CHARS and token.startswith("C")
        assert one.digest == digest(token)
    book = Book(Mode.OPEN, tuple(one for _, one in drawn))
    change_book(tmp_path, lambda _: book)
    text = (tmp_path / INVITES_FILE).read_text("utf-8")
    assert not any(token in text for token in tokens)
    assert not any(token in repr(one) for token, one in drawn)


def spoilt(row: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**row, key: value}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "../etc"),
        ("id", "a"),
        ("id", 5),
        ("sha256", "00"),
        ("sha256", "zz" * 32),
        ("sha256", None),
        ("uses", 0),
        ("uses", -1),
        ("uses", True),
        ("uses", "3"),
        ("uses", 10**9),
        ("expires_ts", 0),
        ("expires_ts", 1.5),
        ("expires_ts", 2**63),
        ("role", "king"),
        ("role", 2),
        ("note", "x" * 101),
        ("note", None),
        ("made_ts", "now"),
        ("revoked", 0),
        ("revoked", "false"),
        ("window", None),
    ],
)
def test_one_wrong_value_and_nobody_is_admitted(tmp_path: Path, key: str, value: Any) -> None:
    change_book(tmp_path, lambda _: Book(Mode.OPEN, (invite(), invite())))
    path = tmp_path / INVITES_FILE
    whole = json.loads(path.read_bytes())
    for changed in (
        spoilt(whole["invites"][1], key, value),
        {name: one for name, one in whole["invites"][1].items() if name != key},
    ):
        path.write_text(json.dumps({**whole, "invites": [whole["invites"][0], changed]}))
        book = read_book(tmp_path)
        # That the server is open can be told, who is invited not.
        assert (book.mode, book.invites) == (Mode.OPEN, ())
        assert "is damaged; until that is mended" in book.fault and "\n" not in book.fault


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "[" * 9_999, '{"format": 1}', '{"format": 1, "mode": "opened"}', "\0"],
)
def test_where_not_even_the_mode_can_be_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / INVITES_FILE
    path.write_text(text)
    path.chmod(0o600)
    book = read_book(tmp_path)
    assert (book.mode, book.invites) == (None, ()) and str(path) in book.fault
    with pytest.raises(SetupError, match="is damaged"):
        change_book(tmp_path, lambda book: replace(book, mode=Mode.OPEN))
    assert path.read_text() == text


def test_a_file_of_another_format_or_too_long_a_one(tmp_path: Path) -> None:
    path = tmp_path / INVITES_FILE
    make_book(tmp_path)
    value = json.loads(path.read_bytes())
    path.write_text(json.dumps({**value, "format": 2}))
    assert read_book(tmp_path).mode is None
    assert "another version of Zviazok" in read_book(tmp_path).fault
    path.write_text(json.dumps({**value, "more": "x" * 2**20}))
    assert "is damaged" in read_book(tmp_path).fault
    one = json.loads(path.read_bytes())["invites"]
    assert one == []


def test_an_invite_that_is_there_twice(tmp_path: Path) -> None:
    one, other = invite(), invite()
    for pair in ((one, one), (one, replace(other, id=one.id)), (one, replace(one, id=other.id))):
        (tmp_path / INVITES_FILE).unlink(missing_ok=True)
        change_book(tmp_path, lambda _, pair=pair: Book(Mode.OPEN, pair))  # type: ignore[misc]
        assert read_book(tmp_path).invites == () and read_book(tmp_path).fault


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_can_use_is_not_trusted(tmp_path: Path, mode: int) -> None:
    change_book(tmp_path, lambda _: Book(Mode.OPEN, (invite(),)))
    (tmp_path / INVITES_FILE).chmod(mode)
    book = read_book(tmp_path)
    assert (book.mode, book.invites) == (None, ()) and "chmod 600" in book.fault


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_changed_byte_admits_nobody_new(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / INVITES_FILE
    path.unlink(missing_ok=True)
    right = Book(Mode.TOKEN, (invite(), invite(uses=1)))
    change_book(tmp_path, lambda _: right)
    text = bytearray(path.read_bytes())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(text)
    book = read_book(tmp_path)
    assert book.mode is not Mode.OPEN
    assert len(book.invites) == (0 if book.fault else 2)


def test_one_at_a_time_changes_it(tmp_path: Path) -> None:
    with DataLock(tmp_path / "invites.lock"), pytest.raises(SetupError, match="try again"):
        change_book(tmp_path, lambda book: book)
    assert not (tmp_path / INVITES_FILE).exists()


def test_what_cannot_be_changed_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = change_book(tmp_path, lambda _: Book(Mode.TOKEN, (invite(),)))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("broker.invites.write_synced", full)
    with pytest.raises(SetupError, match="No space left"):
        change_book(tmp_path, lambda book: replace(book, mode=Mode.OPEN))
    assert read_book(tmp_path) == book


@posix
def test_root_does_not_take_the_file_from_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tmp_path.stat().st_uid == 0:
        os.chown(tmp_path, 12_345, 12_345)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SetupError, match="not as root"):
        change_book(tmp_path, lambda book: book)


def test_it_is_bounded() -> None:
    book = Book(Mode.TOKEN, tuple(invite(NOW_MS + 1) for _ in range(INVITES_MAX)))
    with pytest.raises(SetupError, match="1,000 invites already"):
        added(book, invite(), NOW_MS)
    ended = replace(book, invites=(replace(book.invites[0], revoked=True), *book.invites[1:]))
    fresh = invite()
    assert added(ended, fresh, NOW_MS).invites == (*book.invites[1:], fresh)
    # What has expired stays for people to see, and goes in the end.
    assert len(added(Book(Mode.OPEN, book.invites[:5]), fresh, NOW_MS + KEPT_MS).invites) == 6
    assert added(Book(Mode.OPEN, book.invites[:5]), fresh, NOW_MS + KEPT_MS + 1).invites == (fresh,)


def test_an_id_is_given_once() -> None:
    one = invite()
    book = added(Book(Mode.OPEN, (one,)), replace(invite(), id=one.id), NOW_MS)
    assert book.invites[0] == one and book.invites[1].id != one.id


def test_revoking_ends_one_of_them() -> None:
    one, other = invite(), invite()
    book = revoked(Book(Mode.OPEN, (one, other)), other.id)
    assert book.invites == (one, replace(other, revoked=True))
    with pytest.raises(SetupError, match="--list"):
        revoked(book, "nobody")
