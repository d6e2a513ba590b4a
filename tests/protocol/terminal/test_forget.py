"""``zviazok forget``: what is known, and the only way past a server's other key."""

from pathlib import Path

import pytest

from protocol.client.pins import NAME, Pins
from protocol.folders import profiles_folder
from protocol.keys import fingerprint
from protocol.terminal.forget import main

KEY = bytes(range(32))


@pytest.fixture
def pins(tmp_path: Path) -> Pins:
    made = Pins(profiles_folder(tmp_path))
    made.add("10.0.0.1:8080", KEY)
    made.add("[::1]:9000", bytes(32))
    return made


def run(tmp_path: Path, *words: str) -> int:
    return main([*words, "--data", str(tmp_path)])


def test_without_a_word_it_lists(
    tmp_path: Path, pins: Pins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"10.0.0.1:8080  {fingerprint(KEY)}",
        f"[::1]:9000  {fingerprint(bytes(32))}",
    ]


@pytest.mark.parametrize("typed", ["10.0.0.1", "10.0.0.1:8080"])
def test_an_address_is_forgotten_and_its_key_is_named(
    tmp_path: Path, pins: Pins, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    assert run(tmp_path, typed) == 0
    assert fingerprint(KEY) in capsys.readouterr().out
    assert list(pins.known()) == ["[::1]:9000"]


def test_several_are_forgotten_or_none(
    tmp_path: Path, pins: Pins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "10.0.0.1", "10.0.0.2") == 1
    assert "10.0.0.2:8080 is not known" in capsys.readouterr().err and len(pins.known()) == 2
    assert run(tmp_path, "10.0.0.1", "[::1]:9000", "10.0.0.1") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 and pins.known() == {}


@pytest.mark.parametrize(
    ("typed", "part"),
    [("10.0.0.2", "not known"), ("10.0.0.1:99999", "port"), ("a b", "not an address")],
)
def test_what_is_not_known_is_said_in_one_line(
    tmp_path: Path, pins: Pins, capsys: pytest.CaptureFixture[str], typed: str, part: str
) -> None:
    assert run(tmp_path, typed) == 1
    said = capsys.readouterr().err
    assert part in said and len(said.splitlines()) == 1
    assert len(pins.known()) == 2


def test_what_is_damaged_is_not_overwritten(
    tmp_path: Path, pins: Pins, capsys: pytest.CaptureFixture[str]
) -> None:
    with pins.path.open("a") as file:
        file.write("\x1b[2J\n")
    assert run(tmp_path, "10.0.0.1") == 1
    assert "damaged" in capsys.readouterr().err
    assert pins.path.name == NAME and pins.path.read_text().count("\n") == 3
