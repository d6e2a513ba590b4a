"""Makes gui/desktop/sounds/*.wav: short soft sounds that are told apart with closed eyes.

Run from the root of the project: python -m tests.gui.make_sound
"""

import math
import struct
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gui.chat.room import Sound

RATE = 22_050
FOLDER = Path(__file__).parents[2] / "gui" / "desktop" / "sounds"


@dataclass(frozen=True)
class Tone:
    """One stroke: it begins at once and dies away."""

    start_s: float
    hertz: float
    fall: float = 9.0
    """How fast it dies away: by e in 1 / ``fall`` seconds."""
    above: tuple[float, float] = (2.0, 0.25)
    """A partial (times the pitch, how loud), which makes it a bell or a stick, not a test tone."""
    slide: float = 0.0
    """Octaves a second that its pitch goes up."""
    loud: float = 0.22


RECIPES: dict[Sound, tuple[float, Sequence[Tone]]] = {
    # E5 and B5, a fifth apart.
    Sound.NOTES: (0.5, (Tone(0.0, 659.26), Tone(0.09, 987.77))),
    # One drop of water: the pitch rises while it fades.
    Sound.DROP: (0.3, (Tone(0.0, 520.0, 16.0, (2.0, 0.05), 5.0, 0.34),)),
    # Two knocks on wood: a partial that fits to nothing, and silence at once.
    Sound.WOOD: (
        0.35,
        (Tone(0.0, 440.0, 42.0, (2.76, 0.6), 0, 0.3), Tone(0.13, 370.0, 42.0, (2.76, 0.6), 0, 0.3)),
    ),
    # A chord of D, plucked from below.
    Sound.HARP: (
        0.8,
        tuple(
            Tone(0.07 * at, hertz, 5.0, (2.0, 0.4), 0.0, 0.15)
            for at, hertz in enumerate((293.66, 369.99, 440.0, 587.33))
        ),
    ),
}
"""Sound → (seconds, strokes)."""


def sample(sound: Sound, at_s: float) -> float:
    """Return a sound at a time, from -1 to 1."""
    length_s, tones = RECIPES[sound]
    value = 0.0
    for tone in tones:
        t = at_s - tone.start_s
        if t < 0:
            continue
        times, loud = tone.above
        rise = min(1.0, t / 0.008)
        fall = math.exp(-tone.fall * t)
        turns = tone.hertz * t
        if tone.slide:
            turns = tone.hertz * (2 ** (tone.slide * t) - 1) / (tone.slide * math.log(2))
        # The partial fades sooner.
        partial = loud * math.exp(-tone.fall * t) * math.sin(2 * math.pi * times * turns)
        value += tone.loud * rise * fall * (math.sin(2 * math.pi * turns) + partial)
    end = min(1.0, (length_s - at_s) / 0.05)
    return value * end


def make(sound: Sound) -> bytes:
    """Return the samples, 16 bits each."""
    count = int(RATE * RECIPES[sound][0])
    return b"".join(
        struct.pack("<h", round(32_767 * sample(sound, index / RATE))) for index in range(count)
    )


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for sound in RECIPES:
        with wave.open(str(FOLDER / f"{sound.value}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(make(sound))


if __name__ == "__main__":
    main()
