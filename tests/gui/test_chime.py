"""The sound of a new message: the file, the player, and that it never piles up."""

import wave
from importlib.resources import files
from pathlib import Path
from queue import SimpleQueue

import pytest

from gui.desktop.chime import APART_S, Chime
from tests.gui import make_sound


class Room:
    """A chime with a clock and a bell of its own."""

    def __init__(self, players: list[list[str]]) -> None:
        self.now = 100.0
        self.rung: SimpleQueue[str] = SimpleQueue()
        self.chime = Chime(
            lambda: self.rung.put("bell"), lambda work: work(), players, lambda: self.now
        )

    def wait(self) -> None:
        assert self.chime._thread is not None
        self.chime._thread.join(10)
        assert not self.chime._thread.is_alive()


def player(folder: Path, text: str) -> str:
    program = folder / "player"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o700)
    return str(program)


def test_the_file_is_what_the_script_makes() -> None:
    with wave.open(str(files("gui.desktop").joinpath("sounds/message.wav"))) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getnframes() / file.getframerate() == pytest.approx(0.5)
        sound = file.readframes(file.getnframes())
    assert sound == make_sound.make()
    loudest = max(abs(make_sound.sample(at / 1000)) for at in range(500))
    assert 0.1 < loudest < 0.7, "soft, and never clipped"


def test_a_player_gets_the_file(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    room = Room([["no-such-player"], [player(tmp_path, f'echo "$1 $2" >> {heard}'), "-q"]])
    assert room.chime.play()
    room.wait()
    words = heard.read_text().split()
    assert words[0] == "-q" and words[1].endswith("message.wav")
    assert room.rung.empty()


def test_at_most_one_a_second_and_never_two_at_a_time(tmp_path: Path) -> None:
    gate, started = tmp_path / "gate", tmp_path / "started"
    script = f"echo x >> {started}; while [ ! -e {gate} ]; do sleep 0.01; done"
    room = Room([[player(tmp_path, script)]])
    assert room.chime.play()
    assert not room.chime.play()
    room.now += APART_S * 3
    assert not room.chime.play(), "the first one still sounds"
    gate.touch()
    room.wait()
    assert room.chime.play()
    room.wait()
    room.now += APART_S * 0.9
    assert not room.chime.play()
    assert started.read_text().count("x") == 2


def test_without_a_player_the_bell_rings(tmp_path: Path) -> None:
    room = Room([["no-such-player"], [player(tmp_path, "exit 1")]])
    assert room.chime.play()
    room.wait()
    assert room.rung.get_nowait() == "bell"
