"""The darkroom's child: ``python -m protocol.client.developer MEGABYTES``, until stdin ends.

Takes one order after the other from stdin and answers on stdout; see ``orders.py``. Before
Pillow is imported the process limits itself, and before the first byte of a stranger comes it
gives up what it does not need any more. It reads no settings and writes no log: whatever goes
wrong is an answer, or the end of the process.
"""

import signal
import sys
import warnings
from io import FileIO
from typing import TYPE_CHECKING, Any, Final

from protocol.client import seal
from protocol.client.orders import SOURCE_MAX_BYTES, Fault, Fit, Task, get, put, write

if TYPE_CHECKING:
    from PIL import Image

CPU_S: Final = 60
"""Seconds of processor time for one order: it holds if nobody is there to hold the deadline."""
_STRIP: Final = 1024 * 1024
"""Bytes of pixels that are copied at a time."""


def main() -> None:
    """Serve until stdin ends."""
    # Ctrl+C in a terminal is for the program that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    seal.limit(int(sys.argv[1]) * 1024 * 1024)
    # Pillow comes in here, and not before.
    from protocol.client import prints

    prints.rehearse()
    orders, answers = FileIO(0, "r", closefd=False), FileIO(1, "w", closefd=False)
    seal.close()
    while True:
        try:
            head, data = get(orders, lambda _: SOURCE_MAX_BYTES)
        except EOFError:
            return
        seal.grant_cpu(CPU_S)
        try:
            answer, body = _work(head, data)
        except prints.FaultError as error:
            answer, body = {"fault": int(error.args[0])}, b""
        except MemoryError:
            answer, body = {"fault": int(Fault.TOO_MUCH)}, b""
        except Exception:  # decoders fail in many ways on bytes that are no picture
            answer, body = {"fault": int(Fault.NOT_A_PICTURE)}, b""
        del data
        if isinstance(body, bytes):
            put(answers, answer, body)
        else:
            _put_pixels(answers, answer, body)
        del body


def _work(head: list[Any], data: bytearray) -> "tuple[dict[str, object], bytes | Image.Image]":
    """Return the head and the body of an answer."""
    from protocol.client import prints

    task, *words = head
    match Task(task):
        case Task.MEASURE:
            media, width, height = prints.measure(data)
            return {"media": media, "width": width, "height": height}, b""
        case Task.SHOW:
            fit, *box = words
            image = prints.show(data, Fit(fit), (box[0], box[1]))
            return {"mode": image.mode, "width": image.width, "height": image.height}, image
        case Task.WEIGH:
            return {"bytes": prints.weigh(data)}, b""
        case Task.PREPARE:
            media, width, height, thumb, anew = prints.prepare(data, bool(words[0]))
            answer = {"media": media, "width": width, "height": height, "thumb": thumb}
            return answer, anew


def _put_pixels(answers: FileIO, answer: dict[str, object], image: "Image.Image") -> None:
    """Write an answer and its pixels, some rows at a time: a copy of all would take much."""
    row = image.width * len(image.mode)
    step = max(1, _STRIP // row)
    put(answers, answer, b"", row * image.height)
    for top in range(0, image.height, step):
        bottom = min(image.height, top + step)
        write(answers, image.crop((0, top, image.width, bottom)).tobytes())


if __name__ == "__main__":
    main()
