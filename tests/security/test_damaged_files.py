"""Files of ours that are not what we wrote: one clear line, or a default; never a traceback.

A folder may come from a broken disk, from another program, or from somebody who wants the one who
opens it to run into something. What a file says is read as strictly as a stranger's frame.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from broker.invitations import make_invite, read_addresses
from broker.lock import LOCK_FILE, read_note
from broker.peers import Peers
from broker.tokens import STANDING_FILE, standing_token
from broker.upkeep import doctor
from broker.upkeep.manifest import JOURNAL_FILE, MANIFEST_FILE, NEEDED_FILES, Manifest
from broker.witness import WITNESS_FILE
from gui import memory
from gui import settings as gui_settings
from gui.archive.lines import ArchiveError
from gui.archive.lines import read as read_archive
from gui.chat.room import Room as ShownRoom
from protocol.errors import SetupError
from protocol.invite import Invite
from protocol.keys import load_or_make

MANY = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
FEW = settings(MANY, max_examples=15)
ROOM = b"r" * 16

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from((2**63, -(2**63), 10**400, 1e308, float("inf"), float("nan"), 0.5)),
    st.text(max_size=12),
    st.sampled_from(("ab" * 16, "ab" * 32, "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59")),
)
JSON = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
DEEP = st.sampled_from((b"[" * 200_000, b'{"a":' * 200_000, b"[[[]", b"\xff\xfe\x00", b"\0" * 100))
ANY_BYTES = st.binary(max_size=200) | DEEP | JSON.map(lambda one: json.dumps(one).encode())


@contextlib.contextmanager
def one_line() -> Iterator[None]:
    """Allow nothing but an error that somebody can act on."""
    try:
        yield
    except SetupError as error:
        assert "\n" not in str(error) and len(str(error)) < 1_000


# --- a backup -----------------------------------------------------------------------------------


def good_manifest() -> Manifest:
    return Manifest(
        made="2026-01-02T03:04:05+00:00",
        program="1.0",
        sqlite="3.40.1",
        schema=4,
        epoch="ab" * 16,
        term=3,
        events=7,
        people=2,
        devices=2,
        blobs=1,
        blob_bytes=10,
        journal_bytes=4096,
        heads={"cd" * 16: 7},
        files={name: "ef" * 32 for name in (JOURNAL_FILE, *NEEDED_FILES)},
    )


def test_the_list_of_a_backup(tmp_path: Path) -> None:
    good_manifest().write(tmp_path)
    good = json.loads((tmp_path / MANIFEST_FILE).read_bytes())
    assert Manifest.read(tmp_path) == good_manifest()

    def look(data: bytes) -> None:
        (tmp_path / MANIFEST_FILE).write_bytes(data)
        with one_line():
            assert Manifest.read(tmp_path).describe()

    @MANY
    @given(st.sampled_from(sorted(good)), JSON)
    def one_field(name: str, value: Any) -> None:
        look(json.dumps({**good, name: value}).encode())

    @MANY
    @given(st.sampled_from(("heads", "files", "missing")), st.dictionaries(st.text(), JSON) | JSON)
    def inside(name: str, value: Any) -> None:
        inner = good[name]
        if isinstance(inner, dict) and isinstance(value, dict):
            value = {**inner, **value}
        look(json.dumps({**good, name: value}).encode())

    @MANY
    @given(ANY_BYTES)
    def anything(data: bytes) -> None:
        look(data)

    one_field()
    inside()
    anything()


# --- a server's folder --------------------------------------------------------------------------


def test_addresses_that_a_broker_has_noted(tmp_path: Path) -> None:
    load_or_make(tmp_path / "frontend.key")
    (tmp_path / "invite.token").write_text("t" * 22)

    @MANY
    @given(ANY_BYTES | st.lists(st.text(max_size=30)).map(lambda one: json.dumps(one).encode()))
    def look(data: bytes) -> None:
        (tmp_path / "addresses.json").write_bytes(data)
        with one_line():
            invite = make_invite(tmp_path, read_addresses(tmp_path))
            assert not invite.addresses or Invite.parse(str(invite)) == invite

    look()


def _standing(path: Path) -> str:
    return standing_token(path.parent)


@pytest.mark.parametrize("read", [_standing, load_or_make, read_note], ids=["token", "key", "lock"])
def test_small_files_of_a_server(read: Callable[[Path], Any], tmp_path: Path) -> None:
    path = tmp_path / STANDING_FILE

    @MANY
    @given(ANY_BYTES)
    def look(data: bytes) -> None:
        path.unlink(missing_ok=True)
        path.touch(0o600)
        path.write_bytes(data)
        with one_line():
            read(path)

    look()


def test_the_list_of_gateways(tmp_path: Path) -> None:
    good = load_or_make(tmp_path / "gateway.key").public

    @MANY
    @given(ANY_BYTES | st.text(max_size=200).map(str.encode))
    def look(data: bytes) -> None:
        (tmp_path / "gateways").write_bytes(data)
        peers = Peers(tmp_path)
        assert peers.allow("peer", good) and not peers.allow("peer", b"x" * 32)

    look()


def test_the_doctor_looks_at_any_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is asked just when something is broken."""
    names = (
        *("broker.key", "frontend.key", "gateway.key", "invite.token", "gateways"),
        *(JOURNAL_FILE, f"{JOURNAL_FILE}-wal", WITNESS_FILE, LOCK_FILE),
    )

    @FEW
    @given(st.dictionaries(st.sampled_from(names), ANY_BYTES, min_size=1))
    def look(found: dict[str, bytes]) -> None:
        for name in names:
            (tmp_path / name).unlink(missing_ok=True)
        for name, data in found.items():
            (tmp_path / name).touch(0o600)
            (tmp_path / name).write_bytes(data)
        assert doctor.main(["--data", str(tmp_path)]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert all(line[:4] in ("ok  ", "warn", "BAD ") for line in lines), lines

    look()


# --- a window's folder --------------------------------------------------------------------------


def test_settings_and_memory_of_a_window(tmp_path: Path) -> None:
    @MANY
    @given(ANY_BYTES)
    def anything(data: bytes) -> None:
        for name in ("gui.json", "window.json"):
            (tmp_path / name).write_bytes(data)
        gui_settings.load(tmp_path)
        memory.Memory(tmp_path).recall(ShownRoom(ROOM))

    fields = st.sampled_from(("read", "draft", "reply", "edit", "notify", "sound", "quiet_until"))

    @MANY
    @given(st.dictionaries(fields, JSON))
    @example({"quiet_until": -1})
    @example({"quiet_until": 10**400})
    @example({"quiet_until": float("inf")})
    @example({"quiet_until": float("nan")})
    def of_a_room(one: dict[str, Any]) -> None:
        data = json.dumps({"rooms": {ROOM.hex(): one}})
        (tmp_path / "window.json").write_text(data, encoding="utf-8")
        room = ShownRoom(ROOM)
        memory.Memory(tmp_path).recall(room)
        assert 0 <= room.quiet_until < float("inf")

    anything()
    of_a_room()


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    names = st.sampled_from(
        ("archive", "version", "blob", "at", "size", "data", "end", "sha256", "seq", "ts", "kind")
    )
    lines = st.lists(st.dictionaries(names, JSON | st.just("zviazok")).map(json.dumps), max_size=4)

    @MANY
    @given(ANY_BYTES | lines.map(lambda some: "".join(f"{one}\n" for one in some).encode()))
    def look(data: bytes) -> None:
        path.write_bytes(data)
        with contextlib.suppress(ArchiveError):
            read_archive(path)

    look()
