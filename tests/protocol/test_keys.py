"""Key pairs: text forms, files, and what happens to files that are wrong."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from protocol import keys
from protocol.errors import SetupError

ROOT = Path(__file__).resolve().parents[2]


@given(st.binary(max_size=64))
def test_text_round_trip(raw: bytes) -> None:
    text = keys.to_text(raw)
    assert keys.from_text(text) == raw
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(alphabet="ABab01-_+/= \nж.", max_size=50))
def test_one_key_has_one_text(text: str) -> None:
    try:
        raw = keys.from_text(text)
    except ValueError:
        return
    assert keys.to_text(raw) == text


@pytest.mark.parametrize("text", ["A", "AA==", "AB", "A+8A", "AAA\n", "ж", "AAAA AAAA", "AAA."])
def test_text_that_is_no_key_text(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        keys.from_text(text)


def test_a_pair_is_what_zeromq_expects() -> None:
    pair = keys.make()
    assert len(pair.public) == len(pair.secret) == keys.KEY_BYTES
    assert len(keys.to_text(pair.public)) == 43
    assert zmq.curve_public(keys.z85(pair.secret)) == keys.z85(pair.public)
    assert keys.make() != pair


def test_the_secret_is_not_shown() -> None:
    pair = keys.make()
    assert "secret" not in repr(pair)
    assert repr(pair.secret) not in repr(pair)


def test_a_fingerprint_is_short_and_another_for_every_key() -> None:
    one = keys.fingerprint(bytes(32))
    assert one == "6668 7aad f862 bd77 6c8f c18b 8e9f 8e20", "SHA-256, as any tool works it out"
    assert keys.fingerprint(bytes(31) + b"\1") != one
    assert keys.in_groups(b"\x01\xab\xff\0") == "01ab ff00"


@pytest.mark.parametrize("size", [0, 31, 33, 36])
def test_z85_wants_a_whole_key(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        keys.z85(bytes(size))


def test_a_file_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deeper" / "device.key"
    pair = keys.load_or_make(path)
    assert keys.load_or_make(path) == pair
    assert [one.name for one in path.parent.iterdir()] == ["device.key"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="only on systems with permission bits")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "device.key"
    keys.load_or_make(path)
    path.chmod(mode)
    with pytest.raises(SetupError, match="chmod 600"):
        keys.load_or_make(path)


@pytest.mark.parametrize(
    "content", [b"", b"not a key\n", b"\xff\xfe", keys.to_text(bytes(31)).encode(), b"A" * 500]
)
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "device.key"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(SetupError, match="does not hold a key"):
        keys.load_or_make(path)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be used"):
        keys.load_or_make(tmp_path / "file" / "device.key")
    with pytest.raises(SetupError, match="cannot be used"):
        keys.load_or_make(tmp_path)


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from protocol import keys; sys.stdin.read(1); "
        "print(keys.to_text(keys.load_or_make(Path(sys.argv[1])).public))"
    )
    path = tmp_path / "gateway.key"
    command = [sys.executable, "-c", code, str(path)]
    started = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for one in started:
        assert one.stdin is not None
        one.stdin.write("!")
        one.stdin.flush()
    printed = {one.communicate(timeout=60)[0].strip() for one in started}
    assert all(one.returncode == 0 for one in started)
    assert printed == {keys.to_text(keys.load_or_make(path).public)}


def test_a_public_key_is_never_taken_for_an_option() -> None:
    assert not any(keys.to_text(keys.make().public).startswith("-") for _ in range(400))
