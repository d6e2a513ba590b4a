"""A child of the darkroom that does not do its work: an order's body says what it does instead.

Run as ``python -m tests.protocol.client.clumsy MEGABYTES``, in place of the developer.
"""

import os
import struct
import sys
import time
from io import FileIO

import msgpack

from protocol.client.orders import get, put

_NUMBERS = {"width": 2, "height": 2}
_PICTURE = {"mode": "RGB", **_NUMBERS}
HEADS: dict[bytes, tuple[object, bytes]] = {
    b"a list": ([1, 2], b""),
    b"a number": (7, b""),
    b"nothing of what was asked": ({}, b""),
    b"an unknown fault": ({"fault": 99}, b""),
    b"a fault that is a text": ({"fault": "x"}, b""),
    b"another kind": ({"media": "image/svg+xml", **_NUMBERS}, b""),
    b"a kind that is a list": ({"media": ["image/png"], **_NUMBERS}, b""),
    b"another mode": ({**_PICTURE, "mode": "P"}, b"x" * 12),
    b"fewer pixels": (_PICTURE, b"x" * 11),
    b"more pixels": (_PICTURE, b"x" * 13),
    b"a broad picture": ({**_PICTURE, "width": 20_001, "height": 1}, b"x" * 60_003),
    b"a negative width": ({**_PICTURE, "width": -2, "height": -2}, b"x" * 12),
    b"no whole number": ({**_PICTURE, "width": 2.0}, b"x" * 12),
    b"a heavy picture": ({"bytes": 10_000}, b""),
}
"""Body of an order → head and body of the answer."""
THUMBS: dict[bytes, tuple[object, bytes]] = {
    b"a large thumbnail": ({"media": "image/png", **_NUMBERS, "thumb": b"x" * 12_289}, b""),
    b"no thumbnail": ({"media": "image/png", **_NUMBERS, "thumb": b""}, b""),
    b"a text as thumbnail": ({"media": "image/png", **_NUMBERS, "thumb": "x"}, b""),
    b"too broad to be sent": (
        {"media": "image/png", "width": 20_001, "height": 1, "thumb": b"x"},
        b"",
    ),
}
"""The same, for what is to be sent."""
RAW: dict[bytes, bytes] = {
    b"a long head": struct.pack(">II", 0xFFFFFFFF, 0),
    b"a long body": struct.pack(">II", 1, 0xFFFFFFFF) + msgpack.packb({}),
    b"no msgpack": struct.pack(">II", 3, 0) + b"\xc1\xc1\xc1",
    b"deep msgpack": struct.pack(">II", 20_000, 0) + b"\x91" * 20_000,
    b"a huge promise": struct.pack(">II", 5, 0) + b"\xdd\xff\xff\xff\xff",
    b"half a header": b"\0\0\0",
    b"half a head": struct.pack(">II", 30, 0) + b"\x81",
}
"""Body of an order → the bytes that are answered; then the child ends."""


def main() -> None:
    orders, answers = FileIO(0, "r", closefd=False), FileIO(1, "w", closefd=False)
    while True:
        try:
            _, body = get(orders, lambda _: 1000)
        except EOFError:
            return
        asked = bytes(body)
        if asked in HEADS or asked in THUMBS:
            put(answers, *(HEADS | THUMBS)[asked])
        elif asked in RAW:
            answers.write(RAW[asked])
            return
        elif asked == b"environment":
            # As long as it may be, and nothing else of it is looked at.
            told = " ".join(sorted(os.environ)).encode()
            put(answers, {"mode": "RGB", "width": len(told), "height": 1}, told * 3)
        elif asked == b"die":
            sys.exit(3)
        else:
            time.sleep(3600)


if __name__ == "__main__":
    main()
