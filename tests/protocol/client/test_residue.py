"""What a file holds beside its pixels is found, wherever it hides; what is sent holds nothing."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngInfo

from protocol.client import residue
from protocol.client.pictures import prepare

KINDS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif"}
MOVING = ("PNG", "WEBP", "GIF")


def scene() -> Image.Image:
    return Image.radial_gradient("L").resize((60, 40)).convert("RGB")


def saved(kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    scene().save(out, kind, **more)
    return out.getvalue()


def moving(kind: str, **more: object) -> bytes:
    frames = [scene().rotate(angle) for angle in (90, 180)]
    return saved(kind, save_all=True, append_images=frames, duration=80, loop=0, **more)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def segment(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body


def riff(data: bytes, kind: bytes, body: bytes) -> bytes:
    inside = data[8:] + kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


def png_with(where: str) -> bytes:
    """Return a PNG whose compressed pixels go on behind the last one, or have a second stream."""
    pixels = zlib.compress(b"\0" + bytes(9) + (b"CANARY" if where == "in" else b""), 0)
    header = struct.pack(">IIBBBBB", 3, 1, 8, 2, 0, 0, 0)
    extra = b"CANARY" if where == "behind" else b""
    start = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    return start + png_chunk(b"IDAT", pixels + extra) + png_chunk(b"IEND", b"")


def hidden() -> dict[str, bytes]:
    """Return files with the word CANARY beside their pixels."""
    exif = Image.Exif()
    exif[0x010F] = "CANARY"
    said = PngInfo()
    said.add_text("Author", "CANARY")
    png, jpeg, webp, gif = (saved(kind) for kind in KINDS)
    found = {f"behind {kind}": saved(kind) + b"PK\3\4CANARY" for kind in KINDS}
    found |= {f"behind moving {kind}": moving(kind) + b"CANARY" for kind in MOVING}
    found |= {f"exif in {kind}": saved(kind, exif=exif) for kind in ("PNG", "JPEG", "WEBP")}
    found["text in PNG"] = saved("PNG", pnginfo=said)
    found["unknown chunk in PNG"] = png[:33] + png_chunk(b"caNa", b"CANARY") + png[33:]
    found["chunk behind the end of PNG"] = png + png_chunk(b"caNa", b"CANARY")
    found["end of PNG with something in it"] = png[:-12] + png_chunk(b"IEND", b"CANARY")
    found |= {f"{where} the pixels of PNG": png_with(where) for where in ("in", "behind")}
    found["comment in JPEG"] = saved("JPEG", comment=b"CANARY")
    found["unknown segment in JPEG"] = jpeg[:2] + segment(0xEB, b"CANARY") + jpeg[2:]
    found["JFIF picture in JPEG"] = jpeg[:20] + segment(0xE0, b"JFXX\0\x10CANARY") + jpeg[20:]
    found["long JFIF in JPEG"] = (
        jpeg[:2] + segment(0xE0, b"JFIF\0" + jpeg[11:20] + b"CANARY") + (jpeg[20:])
    )
    found["long Adobe in JPEG"] = (
        jpeg[:2] + segment(0xEE, b"Adobe" + b"\0" * 7 + b"CANARY") + (jpeg[2:])
    )
    found["comment in GIF"] = saved("GIF", comment=b"CANARY")
    found["application in GIF"] = gif[:-1] + b"\x21\xff\x0bXMP DataXMP\x06CANARY\0;"
    found["long loop in GIF"] = gif[:-1] + b"\x21\xff\x0bNETSCAPE2.0\3\1\0\0\6CANARY\0;"
    found["text in GIF"] = gif[:-1] + b"\x21\x01\x0c" + b"\0" * 12 + b"\6CANARY\0;"
    found["XMP in WEBP"] = saved("WEBP", xmp=b"CANARY")
    found["unknown chunk in WEBP"] = riff(webp, b"CNRY", b"CANARY")
    found["unknown chunk in moving WEBP"] = riff(moving("WEBP"), b"CNRY", b"CANARY")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_holds_its_pixels_alone_is_plain(kind: str) -> None:
    ways: list[dict[str, object]] = [{}, {"icc_profile": b"profile" * 40}]
    if kind == "JPEG":
        ways += [{"progressive": True}, {"optimize": True, "quality": 99, "subsampling": 0}]
    if kind == "WEBP":
        ways += [{"lossless": True}, {"quality": 10, "method": 6}]
    for more in ways:
        assert residue.plain(saved(kind, **more)), more
    if kind in ("WEBP", "GIF"):
        assert residue.plain(moving(kind))


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "1", "CMYK", "I;16"])
def test_of_any_colours(mode: str) -> None:
    for kind in KINDS:
        out = io.BytesIO()
        try:
            Image.new(mode, (33, 21)).save(out, kind)
        except (OSError, ValueError):
            continue  # a mode that the format has not
        assert residue.plain(out.getvalue()), kind


@pytest.mark.parametrize("where", hidden())
def test_what_hides_is_found_and_is_not_sent(tmp_path: Path, where: str) -> None:
    data = hidden()[where]
    assert b"CANARY" in data and not residue.plain(data)
    path = tmp_path / "picture"
    path.write_bytes(data)
    picture = prepare(path)
    assert b"CANARY" not in picture.data and b"CANARY" not in picture.thumb
    # A PNG that moves is written anew every time.
    assert residue.plain(picture.data) or where == "behind moving PNG"
    with Image.open(io.BytesIO(picture.data)) as sent, Image.open(path) as kept:
        assert sent.size == kept.size
        assert getattr(sent, "n_frames", 1) == getattr(kept, "n_frames", 1)
        far = ImageChops.difference(sent.convert("L"), kept.convert("L"))
        assert max(far.tobytes()) <= 24


def test_what_loses_nothing_goes_on_losing_nothing(tmp_path: Path) -> None:
    path = tmp_path / "picture.webp"
    path.write_bytes(saved("WEBP", lossless=True, xmp=b"CANARY"))
    assert residue.lossless(path.read_bytes()) and not residue.lossless(saved("WEBP"))
    with Image.open(io.BytesIO(prepare(path).data)) as sent:
        assert sent.convert("RGB").tobytes() == scene().tobytes()


def test_half_a_file_is_not_plain() -> None:
    for kind in KINDS:
        data = saved(kind)
        for end in range(len(data)):
            assert not residue.plain(data[:end]), (kind, end)


WHOLE = [*map(saved, KINDS), *map(moving, MOVING), b""]


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_bytes_are_answered(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(0, 6))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw += data.draw(st.binary(max_size=40))
    assert residue.plain(raw) in (True, False)
    assert residue.lossless(raw) in (True, False)
