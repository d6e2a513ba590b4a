"""Cyclic garbage is collected in the Tk thread alone."""

import gc
import threading

from gui.garbage import Garbage
from tests.gui.conftest import Stage


class Cycle:
    """Notes in which thread it ended."""

    def __init__(self, ended: list[threading.Thread]) -> None:
        self.itself = self
        self.ended = ended

    def __del__(self) -> None:
        self.ended.append(threading.current_thread())


def test_what_a_worker_makes_ends_nothing_of_the_window(stage: Stage) -> None:
    stage.open(size=(200, 100))
    gc.enable()
    garbage = Garbage(stage.root)
    assert not gc.isenabled()
    ended: list[threading.Thread] = []
    Cycle(ended)

    def make() -> None:
        for _ in range(20_000):
            again: list[object] = []
            again.append(again)

    worker = threading.Thread(target=make)
    worker.start()
    worker.join(20)
    assert not ended, "the worker made enough to have it collected"
    stage.wait(lambda: bool(ended), "the Tk thread to collect it")
    assert ended == [threading.main_thread()]
    garbage.close()
    assert gc.isenabled()
