"""The pictures of all emoji, read one by one from two packs that lie beside this file.

``base.pack`` has those without skin tones, ``tones.pack`` the others: 64 px WebP pictures,
one after the other. The packs are mapped, not read: what nobody uses takes no memory.
Reading one picture takes some 0.1 ms. Any thread; the first use reads the order of all
(some 5 ms), which ``warm`` does in a thread of its own.
"""

import io
import json
import mmap
import threading
from pathlib import Path
from typing import Final

from PIL import Image

from gui.text.emoji import bare, nearest

FOLDER: Final = Path(__file__).parent
SIDE: Final = 64
"""Pixels of a picture as it is stored."""


class Sheet:
    """All emoji: their order, their skin tones, their pictures."""

    def __init__(self) -> None:
        """Read the order; raise ``OSError`` or ``ValueError`` if the files are damaged."""
        order = json.loads((FOLDER / "order.json").read_text("utf-8"))
        self.unicode: str = order["unicode"]
        """The version of Unicode whose emoji these are."""
        self.groups: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
            (name, tuple(sequences)) for name, sequences in order["groups"]
        )
        """(Name of a group, its emoji without skin tones), as Unicode orders them."""
        self.base: tuple[str, ...] = tuple(one for _, group in self.groups for one in group)
        self.toned: tuple[str, ...] = tuple(order["toned"])
        """Those with skin tones, and the parts that sequences are made of."""
        self._places: dict[str, tuple[int, int, int]] = {}
        self._maps: list[mmap.mmap] = []
        for pack, (name, sequences) in enumerate((("base", self.base), ("tones", self.toned))):
            start = 0
            for sequence, size in zip(sequences, order["sizes"][name], strict=True):
                self._places[bare(sequence)] = (pack, start, size)
                start += size
            with (FOLDER / f"{name}.pack").open("rb") as file:
                self._maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            if len(self._maps[pack]) != start:
                raise ValueError(f"{name}.pack does not fit to order.json")
        self._tones: dict[str, tuple[str, ...]] = {
            bare(self.base[row[0]]): tuple(self.toned[at] for at in row[1:])
            for row in order["tones"]
        }

    def knows(self, sequence: str) -> bool:
        """Say if there is a picture of exactly this sequence, with or without U+FE0F."""
        return bare(sequence) in self._places

    def has_tones(self, sequence: str) -> bool:
        """Say if an emoji comes in skin tones."""
        return bare(sequence) in self._tones

    def toned_as(self, sequence: str, tone: int) -> str:
        """Return an emoji in a skin tone, 1 (light) to 5 (dark); 0 and others are as they are."""
        tones = self._tones.get(bare(sequence))
        return tones[tone - 1] if tones and 1 <= tone <= len(tones) else sequence

    def picture(self, sequence: str) -> Image.Image | None:
        """Return the picture, RGBA, or that of the nearest known sequence; None if there is none.

        For example a family of a form that is not in the sheet is drawn as its first persons.
        """
        for one in nearest(sequence):
            place = self._places.get(one)
            if place is not None:
                pack, start, size = place
                blob = io.BytesIO(self._maps[pack][start : start + size])
                with Image.open(blob, formats=("WEBP",)) as image:
                    return image.convert("RGBA")
        return None


_lock = threading.Lock()
_sheet: Sheet | None = None


def sheet() -> Sheet:
    """Return the one sheet of this process; the first call reads its order."""
    global _sheet
    with _lock:
        if _sheet is None:
            _sheet = Sheet()
        return _sheet


def warm() -> None:
    """Read the sheet and one picture in a thread, so that the first use costs nothing."""

    def work() -> None:
        sheet().picture("\U0001f600")

    threading.Thread(target=work, name="emoji", daemon=True).start()
