"""Makes ``gui/emojis``: pictures, order, names and shortcodes of all emoji. Run when Unicode moves.

``python -m tests.gui.make_emoji --unicode DIR --cldr DIR --font FILE [--only-text]``

It needs what the program itself does not: numpy, the package ``emoji`` (for the
shortcodes), Debian's ``unicode-data`` (its folder ``emoji`` and ``DerivedAge.txt``),
Debian's ``fonts-noto-color-emoji``, and the annotations of Unicode CLDR as JSON (the npm
packages ``cldr-annotations-full`` and ``cldr-annotations-derived-full``, unpacked beside
each other). The same input makes the same output.

A picture has 64 colours, chosen for it alone, and is stored lossless: smaller and
cleaner than lossy compression, and each one is read by itself in 0.1 ms.
"""

import argparse
import io
import json
import re
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from gui.words.i18n import LANGUAGES

TARGET = Path(__file__).parents[2] / "gui" / "emojis"
SIDE = 64
COLOURS = {"base": 64, "tones": 48}
GROUPS = {
    "Smileys & Emotion": "smileys",
    "People & Body": "people",
    "Animals & Nature": "animals",
    "Food & Drink": "food",
    "Travel & Places": "travel",
    "Activities": "activities",
    "Objects": "objects",
    "Symbols": "symbols",
    "Flags": "flags",
}
TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
VARIANT = "\ufe0f"
ROUNDS = 12


def sequences(test: str) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Return groups of emoji without skin tones, and all that have one, from emoji-test.txt."""
    groups: list[tuple[str, list[str]]] = []
    toned: list[str] = []
    group = ""
    for line in test.splitlines():
        if line.startswith("# group: "):
            group = line.removeprefix("# group: ").strip()
            if group in GROUPS:
                groups.append((GROUPS[group], []))
            continue
        found = re.match(r"([0-9A-F ]+?) *; (fully-qualified|component) ", line)
        if found is None:
            continue
        sequence = "".join(chr(int(code, 16)) for code in found[1].split())
        if found[2] == "component" or any(tone in sequence for tone in TONES):
            toned.append(sequence)
        else:
            groups[-1][1].append(sequence)
    return groups, toned


def tones_of(base: list[str], toned: list[str]) -> list[list[int]]:
    """Return rows of [place in base, five places in toned] for those with one tone for all."""
    places = {sequence.replace(VARIANT, ""): at for at, sequence in enumerate(base)}
    rows: dict[int, dict[int, int]] = {}
    for at, sequence in enumerate(toned):
        used = {TONES.index(char) for char in sequence if char in TONES}
        plain = "".join(char for char in sequence if char not in TONES).replace(VARIANT, "")
        if len(used) == 1 and plain in places:
            rows.setdefault(places[plain], {})[used.pop()] = at
    return [[place, *(row[tone] for tone in range(5))] for place, row in sorted(rows.items())]


def _ranges(codes: Iterable[int]) -> str:
    out = ""
    run: list[int] = []
    for code in [*sorted(codes), -1]:
        if run and code != run[-1] + 1:
            first, last = _escape(run[0]), _escape(run[-1])
            out += first if len(run) == 1 else first + ("-" if len(run) > 2 else "") + last
            run = []
        run.append(code)
    return out


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _codes(text: str, wanted: str) -> set[int]:
    codes: set[int] = set()
    for line in text.splitlines():
        found = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*([\w.]+)", line)
        if found and (found[3] == wanted or not wanted):
            codes.update(range(int(found[1], 16), int(found[2] or found[1], 16) + 1))
    return codes


def classes(data: str, ages: str, base: list[str]) -> str:
    """Return the module with the character classes of a regular expression."""
    emoji = {code for code in _codes(data, "Emoji") if code > 0x7F}
    letters = set(range(0x1F1E6, 0x1F200))
    tones = {ord(tone) for tone in TONES}
    assigned = _codes(ages, "")
    # What Unicode keeps for emoji to come: a newer client may send them.
    future = {
        code
        for code in _codes(data, "Extended_Pictographic") - assigned
        if code >= 0x1F300
    }  # fmt: skip
    shown = _codes(data, "Emoji_Presentation")
    always = {code for code in emoji if code >= 0x2600 and code not in range(0x2900, 0x2B00)}
    always = {code for code in always if code < 0x3000 or code > 0xFFFF} | (emoji & shown)
    always = (always | future) - letters - tones
    flags: dict[str, list[int]] = {}
    for sequence in base:
        if len(sequence) == 2 and ord(sequence[0]) in letters:
            flags.setdefault(sequence[0], []).append(ord(sequence[1]))
    pairs = "|".join(f"{_escape(ord(a))}[{_ranges(b)}]" for a, b in sorted(flags.items()))
    parts = {
        "ALWAYS": (_ranges(always), "Emoji with or without U+FE0F, those of the future too."),
        "CHOSEN": (_ranges(emoji - always - letters - tones), "Signs: emoji if U+FE0F follows."),
        "BEARERS": (_ranges(_codes(data, "Emoji_Modifier_Base")), "What can have a skin tone."),
        "FLAGS": (pairs, "Pairs of letters that are a flag: an expression of its own."),
    }
    lines = ['"""Classes of characters, made by ``tests/gui/make_emoji.py``: data."""\n']
    for name, (words, meaning) in parts.items():
        lines.append(f"{name} = (")
        at = 0
        while at < len(words):
            end = min(len(words), at + 90)
            # No escape is cut in two: they are 6 or 10 characters long.
            back = words.rfind("\\", at, end)
            if end < len(words) and back > at:
                end = back
            lines.append(f'    "{words[at:end]}"')
            at = end
        lines.append(f')\n"""{meaning}"""\n')
    return "\n".join(lines).rstrip() + "\n"


def names(folder: Path, language: str, base: list[str]) -> str:
    """Return one line an emoji: the name and, after tabs, its keywords."""
    known: dict[str, Any] = {}
    for package, kind in (
        ("cldr-annotations-full", "annotations"),
        ("cldr-annotations-derived-full", "annotationsDerived"),
    ):
        path = folder / package / kind / language / "annotations.json"
        known |= json.loads(path.read_text("utf-8"))[kind]["annotations"]
    lines = []
    for sequence in base:
        said = known.get(sequence) or known[sequence.replace(VARIANT, "")]
        name = said["tts"][0]
        words = [word for word in said.get("default", []) if word.casefold() != name.casefold()]
        lines.append("\t".join([name, *words]))
    return "\n".join(lines) + "\n"


def shortcodes(base: list[str]) -> str:
    """Return one line an emoji: its shortcodes, the one that people type first."""
    import emoji  # type: ignore[import-not-found,unused-ignore]

    data = emoji.EMOJI_DATA
    lines, used = [], set[str]()
    for sequence in base:
        about = data[sequence]
        codes = []
        for code in (*about.get("alias", ()), about["en"]):
            word = code.strip(":").casefold().replace("’", "").replace("'", "")
            if re.fullmatch(r"[a-z0-9_+-]+", word) and word not in used:
                used.add(word)
                codes.append(word)
        lines.append(" ".join(codes))
    return "\n".join(lines) + "\n"


def picture(font_path: str, colours: int, sequence: str) -> bytes:
    """Return the WebP of one emoji."""
    font = ImageFont.truetype(font_path, 109, layout_engine=ImageFont.Layout.RAQM)
    left, top, right, bottom = font.getbbox(sequence)
    if (right - left, bottom - top) != (136, 128):
        raise ValueError(f"the font draws no single picture for {sequence!r}")
    image = Image.new("RGBA", (136, 128))
    ImageDraw.Draw(image).text((-left, -top), sequence, font=font, embedded_color=True)
    small = image.crop((4, 0, 132, 128)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    _few_colours(small, colours).save(buffer, "WEBP", lossless=True, quality=100, method=6)
    return buffer.getvalue()


def _few_colours(image: Image.Image, count: int) -> Image.Image:
    """Return a picture with at most ``count`` colours: k-means in premultiplied RGBA."""
    import numpy as np  # type: ignore[import-not-found,unused-ignore]

    pixels = np.asarray(image, float)
    alpha = pixels[..., 3:] / 255
    flat = np.concatenate([pixels[..., :3] * alpha, pixels[..., 3:]], -1).reshape(-1, 4)
    points, where, weight = np.unique(
        np.round(flat), axis=0, return_inverse=True, return_counts=True
    )
    start = np.asarray(image.quantize(count, Image.Quantize.FASTOCTREE).convert("RGBA"), float)
    centres = start.reshape(-1, 4).copy()
    centres[:, :3] *= centres[:, 3:] / 255
    centres = np.unique(np.round(centres), axis=0)
    for _ in range(ROUNDS):
        nearest = ((points[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
        for index in range(len(centres)):
            mine = nearest == index
            if mine.any():
                total = (points[mine] * weight[mine, None]).sum(0)
                centres[index] = total / weight[mine].sum()
    nearest = ((points[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
    made = centres[nearest][where.reshape(-1)].reshape(*pixels.shape)
    opacity = made[..., 3:].round()
    colour = np.where(opacity > 0, made[..., :3] * 255 / np.maximum(opacity, 1), 0)
    both = np.concatenate([colour.clip(0, 255).round(), opacity], -1)
    return Image.fromarray(both.astype("uint8"), "RGBA")


def main() -> None:
    """Read the sources and write the folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--unicode", type=Path, required=True)
    parser.add_argument("--cldr", type=Path, required=True)
    parser.add_argument("--font", required=True)
    parser.add_argument("--only-text", action="store_true")
    given = parser.parse_args()
    emoji_folder: Path = given.unicode / "emoji"
    test = (emoji_folder / "emoji-test.txt").read_text("utf-8")
    groups, toned = sequences(test)
    base = [sequence for _, group in groups for sequence in group]
    data = (emoji_folder / "emoji-data.txt").read_text("utf-8")
    ages = (given.unicode / "DerivedAge.txt").read_text("utf-8")
    (TARGET / "ranges.py").write_text(classes(data, ages, base), "utf-8")
    for language in LANGUAGES:
        (TARGET / f"{language}.txt").write_text(names(given.cldr, language, base), "utf-8")
    (TARGET / "shortcodes.txt").write_text(shortcodes(base), "utf-8")
    if given.only_text:
        return
    sizes: dict[str, list[int]] = {}
    with ProcessPoolExecutor() as pool:
        for name, wanted in (("base", base), ("tones", toned)):
            draw = partial(picture, given.font, COLOURS[name])
            pictures = list(pool.map(draw, wanted, chunksize=32))
            sizes[name] = [len(one) for one in pictures]
            (TARGET / f"{name}.pack").write_bytes(b"".join(pictures))
    version = re.search(r"# Version: (\S+)", test)
    order = {
        "unicode": version[1] if version else "",
        "groups": groups,
        "toned": toned,
        "tones": tones_of(base, toned),
        "sizes": sizes,
    }
    text = json.dumps(order, ensure_ascii=False, separators=(",", ":"))
    (TARGET / "order.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
