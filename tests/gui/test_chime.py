"""The sound of a new message: the file, the player, and that it never piles up."""

import struct
import wave
from importlib.resources import files
from pathlib import Path
from queue import SimpleQueue

import pytest

from gui.chat.room import SHIPPED, Sound
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


@pytest.mark.parametrize("sound", SHIPPED)
def test_the_files_are_what_the_script_makes(sound: Sound) -> None:
    length_s = make_sound.RECIPES[sound][0]
    with wave.open(str(files("gui.desktop").joinpath(f"sounds/{sound.value}.wav"))) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getnframes() / file.getframerate() == pytest.approx(length_s, abs=0.001)
        samples = file.readframes(file.getnframes())
    assert samples == make_sound.make(sound)
    loudest = max(abs(make_sound.sample(sound, at / 1000)) for at in range(int(length_s * 1000)))
    assert 0.1 < loudest < 0.7, "soft, and never clipped"


def test_no_two_sounds_are_alike() -> None:
    """How they swell and fade tells them apart."""

    def shape(sound: Sound) -> tuple[int, ...]:
        """How loud each tenth of a second is, in tenths of the loudest."""
        made = make_sound.make(sound).ljust(2 * make_sound.RATE, b"\0")
        values = [abs(one) for (one,) in struct.iter_unpack("<h", made)]
        step = make_sound.RATE // 10
        parts = [sum(values[at : at + step]) for at in range(0, make_sound.RATE, step)]
        return tuple(round(10 * part / max(parts)) for part in parts)

    assert len({shape(sound) for sound in SHIPPED}) == len(SHIPPED) >= 3


def test_the_chosen_one_is_played(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    room = Room([[player(tmp_path, f'echo "$1" >> {heard}')]])
    assert room.chime.play(Sound.WOOD)
    room.wait()
    assert not room.chime.play(Sound.DROP)
    assert room.chime.play(Sound.DROP, at_once=True), "somebody wants to hear it now"
    room.wait()
    names = [Path(one).name for one in heard.read_text().split()]
    assert names == ["wood.wav", "drop.wav"]


def test_a_player_gets_the_file(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    room = Room([["no-such-player"], [player(tmp_path, f'echo "$1 $2" >> {heard}'), "-q"]])
    assert room.chime.play()
    room.wait()
    words = heard.read_text().split()
    assert words[0] == "-q" and words[1].endswith("notes.wav")
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
