"""Pictures: what may be sent, and that whatever may not costs one line."""

import hashlib
import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngInfo

from protocol.client.documents import clean_name
from protocol.client.pictures import prepare
from protocol.client.prints import THUMB_SIDE
from protocol.codes import EventKind
from protocol.errors import SetupError
from protocol.items import decode_item, encode_item
from protocol.limits import BLOB_MAX_BYTES, THUMB_MAX_BYTES


def scene(width: int, height: int) -> Image.Image:
    return Image.radial_gradient("L").resize((width, height)).convert("RGB")


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 120).convert("RGB")


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 100) + b"IDAT"


@pytest.mark.parametrize(
    ("suffix", "media"),
    [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("webp", "image/webp"),
        ("gif", "image/gif"),
    ],
)
def test_four_formats(tmp_path: Path, suffix: str, media: str) -> None:
    path = tmp_path / f"noise.{suffix}"
    scene(1000, 700).save(path)
    picture = prepare(path)
    assert (picture.media, picture.width, picture.height) == (media, 1000, 700)
    assert picture.sha256 == hashlib.sha256(path.read_bytes()).digest()
    assert picture.data == path.read_bytes()
    assert len(picture.thumb) <= THUMB_MAX_BYTES
    with Image.open(io.BytesIO(picture.thumb)) as thumb:
        assert max(thumb.size) == THUMB_SIDE
        assert abs(thumb.width / thumb.height - 10 / 7) < 0.02
    kind, body = decode_item(encode_item(EventKind.IMAGE, picture.body("look")))
    assert kind is EventKind.IMAGE and body["caption"] == "look"


def test_the_thumbnail_of_noise_fits_too(tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    noise(1000, 700).save(path)
    picture = prepare(path)
    assert 0 < len(picture.thumb) <= THUMB_MAX_BYTES
    encode_item(EventKind.IMAGE, picture.body(""))


def test_the_format_is_that_of_the_bytes_not_of_the_name(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    noise(10, 20).save(path, "PNG")
    assert prepare(path).media == "image/png"
    noise(10, 20).save(path, "BMP")
    with pytest.raises(SetupError, match="not a picture"):
        prepare(path)


def test_transparency_and_turned_photos_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (50, 40), (255, 0, 0, 0)).save(path)
    with Image.open(io.BytesIO(prepare(path).thumb)) as thumb:
        assert thumb.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    scene(1200, 800).save(path, exif=exif)
    picture = prepare(path)
    assert (picture.width, picture.height) == (800, 1200)
    with Image.open(io.BytesIO(picture.thumb)) as thumb:
        assert thumb.height == THUMB_SIDE


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_where_a_photo_was_taken_does_not_leave_the_machine(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"photo.{suffix}"
    exif = Image.Exif()
    exif[0x010F] = "CANARY-CAMERA"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "CANARY-NORTH"
    scene(600, 400).save(path, exif=exif)
    assert b"CANARY" in path.read_bytes()
    picture = prepare(path)
    assert b"CANARY" not in picture.data
    assert picture.sha256 == hashlib.sha256(picture.data).digest()
    assert (picture.width, picture.height) == (400, 600)
    with Image.open(io.BytesIO(picture.data)) as sent, Image.open(path) as kept:
        assert sent.getexif().get(0x0112) == 6
        far = ImageChops.difference(sent.convert("L"), kept.convert("L"))
        assert max(far.tobytes()) <= 24


def test_comments_go_and_the_frames_stay(tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    frames = [Image.new("L", (20, 20), shade) for shade in (0, 120, 240)]
    frames[0].save(path, save_all=True, append_images=frames[1:], comment=b"CANARY")
    assert b"CANARY" in path.read_bytes()
    picture = prepare(path)
    assert b"CANARY" not in picture.data
    with Image.open(io.BytesIO(picture.data)) as sent:
        assert getattr(sent, "n_frames", 1) == 3
    path = tmp_path / "said.png"
    said = PngInfo()
    said.add_text("Author", "CANARY")
    scene(30, 30).save(path, pnginfo=said)
    assert b"CANARY" in path.read_bytes() and b"CANARY" not in prepare(path).data


def test_extreme_shapes_have_a_thumbnail(tmp_path: Path) -> None:
    for number, size in enumerate([(1, 1), (20_000, 1), (1, 20_000)]):
        path = tmp_path / f"{number}.png"
        Image.new("L", size).save(path)
        picture = prepare(path)
        assert (picture.width, picture.height) == size and picture.thumb


def test_what_is_too_large_is_refused_before_a_pixel_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    for width, height in [(20_001, 1), (5_000, 4_801), (60_000, 60_000)]:
        path.write_bytes(png_header(width, height))
        with pytest.raises(SetupError, match="too large"):
            prepare(path)
    path.write_bytes(bytes(BLOB_MAX_BYTES + 1))
    with pytest.raises(SetupError, match="10 MB"):
        prepare(path)


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path, Path("nul\0byte.png")):
        with pytest.raises(SetupError, match="cannot be read"):
            prepare(path)
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"")
    with pytest.raises(SetupError, match="not a picture"):
        prepare(empty)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_damaged_pictures_raise_only_one_line(tmp_path: Path, data: st.DataObject) -> None:
    out = io.BytesIO()
    scene(40, 30).save(out, data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"])))
    raw = bytearray(out.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    del raw[data.draw(st.integers(0, len(raw))) :]
    path = tmp_path / "damaged"
    path.write_bytes(raw)
    try:
        picture = prepare(path)
    except SetupError as error:
        assert "\n" not in str(error)
    else:
        assert picture.thumb


def test_names_are_cleaned() -> None:
    assert clean_name("a\nb\u202ec.png") == "a_b_c.png"
    assert clean_name(" ") == "file"
    long = clean_name("ж" * 300 + ".jpeg")
    assert len(long) == 120 and long.endswith(".jpeg")
