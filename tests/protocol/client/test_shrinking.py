"""Shrinking: smaller or left alone; never with what the file says of its maker."""

import io
from pathlib import Path

import pytest
from PIL import Image

from protocol.client.pictures import prepare
from protocol.client.shrinking import SHRUNK_SIDE
from protocol.errors import SetupError
from tests.protocol.client.test_pictures import noise

_ORIENTATION, _MAKE = 0x0112, 0x010F


def smooth(width: int, height: int) -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).convert("RGB")


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("suffix", "media", "name"),
    [
        ("png", "image/webp", "photo.webp"),
        ("jpg", "image/jpeg", "photo.jpg"),
        ("webp", "image/webp", "photo.webp"),
    ],
)
def test_large_pictures_become_smaller(tmp_path: Path, suffix: str, media: str, name: str) -> None:
    path = tmp_path / f"photo.{suffix}"
    noise(300, 150).resize((4000, 2000)).save(path, quality=97)
    picture = prepare(path, shrink=True)
    assert (picture.media, picture.name) == (media, name)
    assert (picture.width, picture.height) == (SHRUNK_SIDE, SHRUNK_SIDE // 2)
    assert opened(picture.data).size == (SHRUNK_SIDE, SHRUNK_SIDE // 2)
    assert len(picture.data) < path.stat().st_size
    whole = prepare(path)
    assert (whole.width, whole.height, whole.data) == (4000, 2000, path.read_bytes())
    assert whole.name == path.name


def test_what_would_not_become_smaller_stays_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "line.jpg"
    noise(400, 300).save(path, quality=60)
    assert prepare(path, shrink=True).data == path.read_bytes()
    tiny = tmp_path / "dot.png"
    Image.new("RGB", (1, 1)).save(tiny)
    picture = prepare(tiny, shrink=True)
    assert picture.data == tiny.read_bytes() or picture.media == "image/webp"


def test_what_moves_goes_on_moving(tmp_path: Path) -> None:
    path = tmp_path / "cat.gif"
    frames = [noise(200, 200).convert("P") for _ in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    picture = prepare(path, shrink=True)
    assert picture.media == "image/gif" and opened(picture.data).n_frames == 3  # type: ignore[attr-defined]


def test_a_turned_photo_is_upright_and_says_nothing_of_its_maker(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_MAKE] = 6, "CANARY"
    path = tmp_path / "turned.jpg"
    noise(60, 30).resize((3000, 1500)).save(path, exif=exif, quality=97)
    picture = prepare(path, shrink=True)
    assert (picture.width, picture.height) == (SHRUNK_SIDE // 2, SHRUNK_SIDE)
    shown = opened(picture.data)
    assert shown.size == (SHRUNK_SIDE // 2, SHRUNK_SIDE) and not shown.getexif()
    assert b"CANARY" in path.read_bytes() and b"CANARY" not in picture.data
    tiny = tmp_path / "tiny.jpg"
    smooth(8, 8).save(tiny, exif=exif, quality=1)
    assert b"CANARY" not in prepare(tiny, shrink=True).data


def test_transparency_stays(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    image = noise(100, 100).resize((3000, 3000)).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((3000, 3000)))
    image.save(path)
    picture = prepare(path, shrink=True)
    shown = opened(picture.data)
    assert shown.mode == "RGBA" and shown.getpixel((10, 10))[3] < 5  # type: ignore[index]


def test_a_photo_that_is_too_large_to_be_sent_can_be_shrunk(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    smooth(8000, 4000).save(path, quality=90)
    with pytest.raises(SetupError, match="million pixels"):
        prepare(path)
    assert prepare(path, shrink=True).width == SHRUNK_SIDE
    path = tmp_path / "huge.png"
    Image.new("1", (8000, 4000)).save(path)
    with pytest.raises(SetupError, match="million pixels"):
        prepare(path, shrink=True)
