"""Pictures of strangers: where they are opened, what they can reach, what they cost, what they say.

Bombs and half files are made here, of what the formats allow; none of them attacks a decoder.
"""

import io
import os
import platform
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

import gui
import protocol
from protocol.client.assistants import Assistants
from protocol.client.darkroom import SHOW_MB, Darkroom
from protocol.client.orders import Fault, Fit
from protocol.client.pictures import prepare
from protocol.client.prints import THUMB_SIDE
from protocol.errors import DarkroomError, SetupError
from protocol.limits import IMAGE_PIXELS_MAX

KINDS = ("PNG", "JPEG", "WEBP", "GIF")
ROOT = Path(protocol.__file__).parent.parent


def scene(width: int = 60, height: int = 40) -> Image.Image:
    return Image.radial_gradient("L").resize((width, height)).convert("RGB")


def saved(image: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


@pytest.fixture(scope="module")
def room() -> Iterator[Darkroom]:
    one = Darkroom(Assistants())
    yield one
    one.close()


# --- where they are opened -------------------------------------------------------------


def test_nothing_but_the_child_opens_a_picture_that_did_not_ship() -> None:
    found = set()
    for package in (protocol, gui):
        for path in Path(str(package.__file__)).parent.rglob("*.py"):
            words = path.read_text(encoding="utf-8")
            if re.search(
                r"\bImage\.open\(|ImageFile\.Parser\(|PhotoImage\([^)]*(data|file)=", words
            ):
                found.add(path.relative_to(ROOT).as_posix())
            if re.search(r"client(\.| import .*)(prints|shrinking)\b", words):
                assert path.parent == ROOT / "protocol" / "client", path
    # The sheet of emoji ships with the program.
    assert found == {
        "gui/emojis/sheet.py", "protocol/client/prints.py", "protocol/client/shrinking.py"
    }  # fmt: skip


@pytest.mark.parametrize("module", ["protocol.client.developer", "protocol.client.client"])
def test_decoders_are_not_there_before_the_limits_are(module: str) -> None:
    words = f"import sys, {module}; print([one for one in sys.modules if 'PIL' in one])"
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


# --- what they can reach ---------------------------------------------------------------


def tried(tmp_path: Path) -> dict[str, str]:
    """Return what came of each attempt of a sealed process."""
    path = tmp_path / "kept"
    path.write_text("kept", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.sealed", str(os.getpid()), str(path)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert path.read_text(encoding="utf-8") == "kept"
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: /proc")
def test_the_child_has_sealed_itself_before_the_first_picture(room: Darkroom) -> None:
    room.measure(saved(scene(), "PNG"))
    for pid in room.assistants.pids:
        of = Path("/proc", str(pid))
        status = dict(re.findall(r"(\w+):\s+(.+)", (of / "status").read_text()))
        assert status["NoNewPrivs"] == "1" and status["Threads"] == "1"
        if platform.machine() == "x86_64":
            assert status["Seccomp"] == "2"
        limits = (of / "limits").read_text()
        for name, most in (("open files", 3), ("file size", 0), ("core file size", 0)):
            assert re.search(rf"Max {name} +{most} +{most} ", limits), limits
        assert re.search(rf"Max address space +{SHOW_MB * 2**20} ", limits), limits


@pytest.mark.skipif(os.name != "posix", reason="only on systems with limits of processes")
def test_a_sealed_process_opens_nothing(tmp_path: Path) -> None:
    told = tried(tmp_path)
    assert len(told) == 9
    for name in ("read", "write", "list", "connect", "run"):
        assert told[name] != "done", name


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="only on Linux on x86-64"
)
def test_where_calls_are_filtered_it_reaches_nothing_at_all(tmp_path: Path) -> None:
    told = tried(tmp_path)
    assert "done" not in told.values(), told
    assert told["signal"] == told["read"] == told["connect"] == "PermissionError"
    assert told["grow"] == "MemoryError" and told["thread"] == "RuntimeError"


# --- what they cost --------------------------------------------------------------------


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in chunks:
        parts.append(struct.pack(">I", len(body)) + kind + body)
        parts.append(struct.pack(">I", zlib.crc32(kind + body)))
    return b"".join(parts)


def header(width: int, height: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


@cache
def bombs() -> dict[str, bytes]:
    """Return small files that would become large, or that lie about their size."""
    zeros = zlib.compress(bytes(200_000_000), 9)
    jpeg = saved(scene(), "JPEG")
    # The frame header of a JPEG: length, precision, height, width.
    frame = jpeg.index(b"\xff\xc0") + 5
    gif = saved(scene(), "GIF")
    flags = struct.pack("<I", 16_382)[:3]
    return {
        "PNG of 3.6 thousand million pixels": png(header(60_000, 60_000), (b"IDAT", zeros)),
        "PNG of a row too many": png(header(5000, 4801), (b"IDAT", zeros)),
        "PNG with more behind its pixels": png(header(10, 10), (b"IDAT", zeros), (b"IEND", b"")),
        "PNG with a text of 200 MB": png(
            header(10, 10), (b"zTXt", b"Author\0\0" + zeros), (b"IDAT", zeros[:100]), (b"IEND", b"")
        ),
        "PNG with a profile of 200 MB": png(
            header(10, 10), (b"iCCP", b"x\0\0" + zeros), (b"IDAT", zeros[:100]), (b"IEND", b"")
        ),
        "JPEG of 65,535 pixels a side": (
            jpeg[:frame] + struct.pack(">HH", 65_535, 65_535) + jpeg[frame + 4 :]
        ),
        "GIF of 65,535 pixels a side": gif[:6] + struct.pack("<HH", 65_535, 65_535) + gif[10:],
        "WebP of 16,383 pixels a side": (
            b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0"
            + flags + flags
        ),
    }  # fmt: skip


@pytest.mark.parametrize("which", bombs())
def test_a_bomb_is_one_line_and_the_next_picture_is_shown(
    room: Darkroom, tmp_path: Path, which: str
) -> None:
    data = bombs()[which]
    assert len(data) < 1_000_000
    path = tmp_path / "bomb"
    path.write_bytes(data)
    for work in (
        lambda: room.show(data, Fit.WITHIN, (320, 320)),
        lambda: room.show(data),
        lambda: room.weigh(data),
    ):
        try:
            work()
        except DarkroomError as error:
            assert Fault(error.fault) in list(Fault)
        else:
            # The one that is a picture, with something behind it.
            assert which == "PNG with more behind its pixels"
    try:
        assert len(prepare(path).data) < 10_000
    except SetupError as error:
        assert "\n" not in str(error) and str(error).startswith("bomb ")
    assert room.show(saved(scene(), "PNG")).width == 60


def test_too_many_pixels_are_refused_by_the_header_alone(room: Darkroom) -> None:
    for which in ("PNG of 3.6 thousand million pixels", "PNG of a row too many"):
        with pytest.raises(DarkroomError) as caught:
            room.show(bombs()[which])
        assert caught.value.fault in (Fault.TOO_MANY_PIXELS, Fault.SIDE_TOO_LONG)
    # With limits that hold one such picture and no second one, what is allowed is shown.
    image = Image.new("1", (6000, IMAGE_PIXELS_MAX // 6000))
    assert room.show(saved(image, "PNG"), Fit.WITHIN, (60, 60)).width == 60


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_file_is_one_line(room: Darkroom, tmp_path: Path, kind: str) -> None:
    data = saved(Image.effect_noise((90, 60), 99).convert("RGB"), kind)
    path = tmp_path / "half"
    for end in range(0, len(data) - 1, max(1, len(data) // 25)):
        path.write_bytes(data[:end])
        for shown in (True, False):
            try:
                if shown:
                    room.show(data[:end], Fit.WITHIN, (30, 30))
                else:
                    room.weigh(data[:end])
            except DarkroomError as error:
                assert error.fault is Fault.NOT_A_PICTURE
    with pytest.raises(SetupError, match="not a picture"):
        path.write_bytes(data[: len(data) // 8])
        prepare(path)


def test_a_moving_picture_costs_its_first_frame(room: Darkroom) -> None:
    frames = [Image.new("P", (3000, 3000), shade) for shade in (1, 2)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:] * 300)
    assert room.show(data, Fit.WITHIN, (50, 50)).width == 50


# --- what they say ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shrink", [False, True])
def test_where_one_was_does_not_leave_the_machine(tmp_path: Path, kind: str, shrink: bool) -> None:
    exif = Image.Exif()
    exif[0x010F] = exif[0x9286] = "CANARY"
    exif.get_ifd(0x8825).update({1: "CANARY", 2: (50.0, 27.0, 0.0)})
    place = b"<x:xmpmeta><exif:GPSLatitude>CANARY</exif:GPSLatitude></x:xmpmeta>"
    more: dict[str, object] = {"comment": "CANARY"} if kind == "GIF" else {"exif": exif}
    if kind in ("JPEG", "WEBP"):
        more["xmp"] = place
    path = tmp_path / "photo"
    path.write_bytes(saved(scene(1200, 800), kind, **more) + b"CANARY")
    assert path.read_bytes().count(b"CANARY") >= 2
    picture = prepare(path, shrink)
    assert b"CANARY" not in picture.data + picture.thumb
    for data in (picture.data, picture.thumb):
        with Image.open(io.BytesIO(data)) as sent:
            assert not sent.getexif().get_ifd(0x8825)
            assert not set(sent.getexif()) - {0x0112}
            assert not {"xmp", "comment", "exif"} & sent.info.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_an_archive_too_is_only_a_picture(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "both"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("CANARY.txt", "CANARY")
    path.write_bytes(saved(scene(), kind) + archive.getvalue())
    assert zipfile.is_zipfile(path)
    assert not zipfile.is_zipfile(io.BytesIO(prepare(path).data))


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.7\n",
        saved(scene(), "BMP"),
        saved(scene(), "TIFF"),
        saved(scene(), "ICO"),
        saved(scene(), "PPM"),
        saved(scene(), "TGA"),
    ],
    ids=["svg", "eps", "pdf", "bmp", "tiff", "ico", "ppm", "tga"],
)
def test_other_formats_are_not_opened(room: Darkroom, data: bytes) -> None:
    with pytest.raises(DarkroomError) as caught:
        room.show(data)
    assert caught.value.fault is Fault.NOT_A_PICTURE


@pytest.mark.skipif(os.name != "posix", reason="only on systems with such names")
@pytest.mark.parametrize(
    "name",
    ["..\\..\\start.png", "C:\\autoexec.png", "a\nb\u202egnp.png", "-rf.png", "%2e%2e%2fx.png"],
)
def test_a_name_is_what_is_shown_and_leads_nowhere(tmp_path: Path, name: str) -> None:
    before = {path for path in tmp_path.rglob("*")}
    path = tmp_path / name
    path.write_bytes(saved(scene(3000, 2000), "PNG"))
    for shrink in (False, True):
        picture = prepare(path, shrink)
        assert "\n" not in picture.name and "\u202e" not in picture.name
        assert "/" not in picture.name
        with Image.open(io.BytesIO(picture.thumb)) as thumb:
            assert max(thumb.size) == THUMB_SIDE
    assert {one for one in tmp_path.rglob("*")} == {*before, path}
