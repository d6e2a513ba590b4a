"""Makes gui/sounds/message.wav: two soft notes, a fifth apart, half a second in all.

Run from the root of the project: python -m tests.gui.make_sound
"""

import math
import struct
import wave
from pathlib import Path

RATE = 22_050
LENGTH_S = 0.5
NOTES = ((0.0, 659.26), (0.09, 987.77))
"""(begins after seconds, hertz): E5 and B5."""
TARGET = Path(__file__).parents[2] / "gui" / "desktop" / "sounds" / "message.wav"


def sample(at_s: float) -> float:
    """Return the sound at a time, from -1 to 1."""
    value = 0.0
    for start_s, hertz in NOTES:
        t = at_s - start_s
        if t < 0:
            continue
        rise = min(1.0, t / 0.008)
        fall = math.exp(-9 * t)
        # A little of the octave, which fades sooner, makes it a bell rather than a test tone.
        tone = math.sin(2 * math.pi * hertz * t)
        octave = 0.25 * math.exp(-9 * t) * math.sin(4 * math.pi * hertz * t)
        value += 0.22 * rise * fall * (tone + octave)
    end = min(1.0, (LENGTH_S - at_s) / 0.05)
    return value * end


def make() -> bytes:
    """Return the samples, 16 bits each."""
    count = int(RATE * LENGTH_S)
    return b"".join(
        struct.pack("<h", round(32_767 * sample(index / RATE))) for index in range(count)
    )


def main() -> None:
    """Write the file."""
    TARGET.parent.mkdir(exist_ok=True)
    with wave.open(str(TARGET), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(make())


if __name__ == "__main__":
    main()
