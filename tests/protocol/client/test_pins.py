"""Known servers: what is known stays, whatever is said later, until somebody forgets it."""

import os
import shlex
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from protocol import folders
from protocol.client import pins as module
from protocol.client.pins import NAME, Pins
from protocol.errors import KeyChangedError, SetupError
from protocol.keys import fingerprint

ONE, OTHER, THIRD = bytes(range(32)), bytes(32), bytes([3] * 32)


def test_what_has_answered_is_known_and_everything_else_may_come(tmp_path: Path) -> None:
    pins = Pins(tmp_path)
    pins.check(["10.0.0.1:80"], ONE)
    assert pins.known() == {} and not pins.path.exists(), "asking leaves nothing behind"
    for _ in range(2):
        pins.add("10.0.0.1:80", ONE)
        pins.add("0.0.0.1:80", ONE)
    again = Pins(tmp_path)
    assert again.known() == {"10.0.0.1:80": ONE, "0.0.0.1:80": ONE}
    assert len(pins.path.read_text().splitlines()) == 2
    again.check(["10.0.0.1:80", "[::1]:80"], ONE)
    again.check(["10.0.0.1:81"], OTHER)
    with pytest.raises(KeyChangedError):
        again.check(["10.0.0.9:80", "0.0.0.1:80"], OTHER)


def test_all_addresses_of_another_key_are_named_at_once(tmp_path: Path) -> None:
    pins = Pins(tmp_path / "my data" / "profiles")
    pins.path.parent.mkdir(parents=True)
    for address in ("10.0.0.1:80", "10.0.0.2:80"):
        pins.add(address, ONE)
    with pytest.raises(KeyChangedError) as caught:
        pins.check(["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"], OTHER)
    assert caught.value.addresses == ("10.0.0.1:80", "10.0.0.2:80")
    assert caught.value.known == fingerprint(ONE)
    command = str(caught.value).partition("run: ")[2]
    folder = str(tmp_path / "my data")
    assert shlex.split(command) == [
        "zviazok", "forget", "10.0.0.1:80", "10.0.0.2:80", "--data", folder,
    ]  # fmt: skip
    pins.add("10.0.0.3:80", THIRD)
    with pytest.raises(KeyChangedError) as caught:
        pins.check(["10.0.0.3:80", "10.0.0.1:80"], OTHER)
    error = caught.value
    assert (error.addresses, error.known) == (("10.0.0.3:80",), fingerprint(THIRD))
    assert f"{fingerprint(ONE)} (10.0.0.1:80)" in str(error)
    assert f"{fingerprint(THIRD)} (10.0.0.3:80)" in str(error)
    assert "forget 10.0.0.3:80 10.0.0.1:80" in str(error)


def test_where_no_folder_was_named_none_is_named_in_the_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_default", lambda: tmp_path)
    pins = Pins(folders.profiles_folder(None))
    pins.add("10.0.0.1:80", ONE)
    with pytest.raises(KeyChangedError) as caught:
        pins.check(["10.0.0.1:80"], OTHER)
    assert str(caught.value).endswith("zviazok forget 10.0.0.1:80")


def test_no_other_server_takes_a_known_address_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pins = Pins(tmp_path)
    pins.add("10.0.0.1:80", ONE)
    pins.add("10.0.0.1:80", OTHER)
    assert pins.known() == {"10.0.0.1:80": ONE}
    assert "server_key_differs address=10.0.0.1:80" in caplog.text
    with pins.path.open("a") as file:
        file.write(module._line("10.0.0.1:80", OTHER))
    assert pins.known() == {"10.0.0.1:80": ONE}, "the first one counts"


def test_forgetting_is_for_one_address(tmp_path: Path) -> None:
    pins = Pins(tmp_path)
    pins.add("10.0.0.1:80", ONE)
    pins.add("10.0.0.2:80", ONE)
    assert pins.forget("10.0.0.3:80") is None
    assert pins.forget("10.0.0.1:80") == ONE
    pins.check(["10.0.0.1:80"], OTHER)
    assert pins.known() == {"10.0.0.2:80": ONE}
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


def test_only_so_many_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PINS_MAX", 3)
    pins = Pins(tmp_path)
    for number in range(5):
        pins.add(f"10.0.0.{number}:80", ONE)
    assert list(pins.known()) == ["10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"]


@pytest.mark.skipif(os.name != "posix", reason="only on POSIX")
def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    pins = Pins(tmp_path)
    old = os.umask(0)
    try:
        pins.add("10.0.0.1:80", ONE)
        assert stat.S_IMODE(pins.path.stat().st_mode) == 0o600
        pins.add("10.0.0.2:80", ONE)
        pins.forget("10.0.0.1:80")
        assert stat.S_IMODE(pins.path.stat().st_mode) == 0o600
    finally:
        os.umask(old)


@pytest.mark.parametrize("data", [b"10.0.0.1:80\n", b"10.0.0.1:80 AAAA\n", b"\xff\n", b"\n"])
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, data: bytes) -> None:
    pins = Pins(tmp_path)
    pins.add("10.0.0.2:80", ONE)
    with pins.path.open("ab") as file:
        file.write(data)
    for act in (pins.known, lambda: pins.check([], ONE), lambda: pins.add("10.0.0.3:80", ONE)):
        with pytest.raises(SetupError, match="damaged"):
            act()


def test_programs_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    def add(first: int) -> None:
        for number in range(first, first + 20):
            Pins(tmp_path).add(f"10.0.0.{number}:80", ONE)

    threads = [threading.Thread(target=add, args=(20 * at,)) for at in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(Pins(tmp_path).known()) == 80


def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    pins = Pins(tmp_path / "missing")
    acts: list[Any] = [lambda: pins.add("10.0.0.1:80", ONE)]
    (tmp_path / NAME).mkdir()
    acts.append(lambda: Pins(tmp_path).known())
    for act in acts:
        with pytest.raises(SetupError) as caught:
            act()
        assert "\n" not in str(caught.value)
