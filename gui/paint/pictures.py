"""Has pictures decoded away from the Tk thread: they come from strangers.

The decoding itself is done in the darkroom's child (``protocol.client.darkroom``); here two
threads wait for it, the newest request first, because that is what somebody looks at now. A
request can be called off; results are carried back by the bridge. Of an animated picture the
first frame is shown.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Final, Generic, TypeVar

from PIL import Image, ImageDraw

from protocol.client.darkroom import darkroom
from protocol.client.orders import SOURCE_MAX_BYTES, Fault, Fit
from protocol.errors import DarkroomError

log = logging.getLogger(__name__)

THREADS: Final = 2
_SQUARE: Final = 12
"""Pixels of a square of the pattern behind a picture."""

T = TypeVar("T")


class PictureError(Exception):
    """A picture that cannot be shown; the text is the name of the sentence that says why."""


WHY: Final = {
    Fault.NOT_A_PICTURE: "viewer.not_a_picture",
    Fault.TOO_MANY_PIXELS: "viewer.too_many_pixels",
    Fault.SIDE_TOO_LONG: "viewer.too_many_pixels",
    Fault.TOO_MUCH: "viewer.too_much",
}
"""What the darkroom says → the name of a sentence."""


def load(source: bytes | Path, fit: Fit = Fit.WHOLE, box: tuple[int, int] = (0, 0)) -> Image.Image:
    """Return a picture upright, RGB or RGBA, as it lies in ``box`` pixels.

    Raises :class:`PictureError`.
    """
    data = source if isinstance(source, bytes) else read(source)
    try:
        made = darkroom().show(data, fit, box)
    except DarkroomError as error:
        raise PictureError(WHY[Fault(error.fault)]) from error
    return Image.frombuffer(made.mode, (made.width, made.height), made.data, "raw", made.mode, 0, 1)


def decode(source: bytes | Path, box: tuple[int, int], grow: bool = False) -> Image.Image:
    """Return a picture, opaque or with alpha, shrunk to fit ``box`` pixels.

    With ``grow`` it fills the box exactly, as a thumbnail stands for a larger
    picture. Raises :class:`PictureError`.
    """
    return load(source, Fit.EXACTLY if grow else Fit.WITHIN, box)


def read(path: Path) -> bytes:
    """Return the bytes of a picture file; raise :class:`PictureError`."""
    try:
        with path.open("rb") as file:
            data = file.read(SOURCE_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise PictureError("viewer.unreadable") from error
    if len(data) > SOURCE_MAX_BYTES:
        raise PictureError("viewer.too_much")
    return data


def flat(image: Image.Image, below: str) -> Image.Image:
    """Return a picture opaque on a colour."""
    if image.mode == "RGB":
        return image
    made = Image.new("RGB", image.size, below)
    made.paste(image, (0, 0), image if image.mode == "RGBA" else None)
    return made


def checkered(image: Image.Image) -> Image.Image:
    """Return a picture opaque: a pattern of squares stands where something shows through."""
    if image.mode == "RGB":
        return image
    pair = Image.new("RGB", (2, 2), "#ffffff")
    for at in ((0, 1), (1, 0)):
        pair.putpixel(at, (226, 228, 233))
    done = _SQUARE * 2
    made = Image.new("RGB", image.size)
    made.paste(pair.resize((done, done), Image.Resampling.NEAREST))
    # What is there is put beside itself until it reaches the edge; then the rows, below.
    while done < image.width:
        made.paste(made.crop((0, 0, done, _SQUARE * 2)), (done, 0))
        done *= 2
    done = _SQUARE * 2
    while done < image.height:
        made.paste(made.crop((0, 0, image.width, done)), (0, done))
        done *= 2
    made.paste(image, (0, 0), image)
    return made


def rounded(image: Image.Image, radius: int, below: str) -> Image.Image:
    """Return a picture with round corners, opaque on the colour below it."""
    over = 4
    width, height = image.size
    mask = Image.new("L", (width * over, height * over), 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, width * over - 1, height * over - 1), radius * over, fill=255
    )
    mask = mask.resize((width, height), Image.Resampling.BOX)
    opaque = Image.new("RGB", image.size, below)
    opaque.paste(flat(image, below), (0, 0), mask)
    return opaque


class Job(Generic[T]):
    """A piece of work for the threads; ``cancel`` may be called at any time, in the Tk thread."""

    __slots__ = ("cancelled", "done", "work")

    def __init__(self, work: Callable[[], T], done: Callable[[T | None, str], None]) -> None:
        """``done`` is called in the Tk thread, unless it was cancelled before."""
        self.work = work
        self.done = done
        self.cancelled = False

    def cancel(self) -> None:
        """Call it off: ``done`` is not called any more."""
        self.cancelled = True

    def deliver(self, result: T | None, problem: str) -> None:
        """Hand the result over, in the Tk thread."""
        if not self.cancelled:
            self.done(result, problem)


class Pictures:
    """Runs decoding on two threads, the newest request first."""

    def __init__(self, call: Callable[[Callable[[], None]], None]) -> None:
        """``call`` brings work into the Tk thread; it is usually the bridge's."""
        self._call = call
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="pictures")
        self._lock = Lock()
        self._waiting: list[Job[object]] = []

    def run(self, work: Callable[[], T], done: Callable[[T | None, str], None]) -> Job[T]:
        """Do ``work`` in the background; ``done`` gets its result, or None and why not.

        ``work`` may raise :class:`PictureError`. The reason is the name of a sentence.
        """
        job = Job(work, done)
        with self._lock:
            self._waiting.append(job)  # type: ignore[arg-type]
        self._pool.submit(self._take)
        return job

    def decode(
        self,
        source: bytes | Path,
        box: tuple[int, int],
        done: Callable[[Image.Image | None, str], None],
        grow: bool = False,
    ) -> Job[Image.Image]:
        """Decode in the background; in the Tk thread ``done`` gets the picture, or None and why."""
        return self.run(lambda: decode(source, box, grow), done)

    def close(self) -> None:
        """End the threads; what is under way is dropped."""
        with self._lock:
            self._waiting.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
        darkroom().close()

    def _take(self) -> None:
        with self._lock:
            while self._waiting and self._waiting[-1].cancelled:
                self._waiting.pop()
            if not self._waiting:
                return
            job = self._waiting.pop()
        result: object = None
        problem = ""
        try:
            result = job.work()
        except PictureError as error:
            problem = str(error)
        except MemoryError:
            problem = "viewer.too_much"
        except Exception:
            log.exception("event=picture_work_failed")
            problem = "viewer.not_a_picture"
        self._call(lambda: job.deliver(result, problem))
