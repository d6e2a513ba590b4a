"""Has Python collect cyclic garbage in the Tk thread alone.

Views and their pictures hold each other, so it is the collector that ends them; and it runs
in whatever thread has just made an object. A Tk picture that ends in a worker makes the
worker wait for the Tk thread, a second for each if that is gone already. Belongs to the Tk
thread.
"""

import gc
import tkinter as tk
from typing import Final

EVERY_MS: Final = 1000


class Garbage:
    """From when it is made until it is closed."""

    def __init__(self, root: tk.Misc) -> None:
        """What exists by now is not looked at again before the end."""
        self._root = root
        gc.collect()
        gc.freeze()
        gc.disable()
        self._after = root.after(EVERY_MS, self._tick)

    def _tick(self) -> None:
        collect()
        self._after = self._root.after(EVERY_MS, self._tick)

    def close(self) -> None:
        """Leave it to Python again. Must come before the root is destroyed."""
        self._root.after_cancel(self._after)
        gc.unfreeze()
        gc.enable()


def collect() -> int:
    """Collect the oldest generation whose turn it is; return it, or -1."""
    counts, limits = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > limits[generation]:
            gc.collect(generation)
            return generation
    return -1
