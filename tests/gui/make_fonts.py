"""Makes ``gui/fontfiles``: the fonts that ship with the program. Run by hand.

``python -m tests.gui.make_fonts --sans DIR --loma DIR`` with the folders of Debian's
``fonts-noto-core`` and ``fonts-tlwg-loma-ttf``; it needs fonttools. Noto Sans is cut to the
scripts of the interface and renamed, so that it is told apart from a whole one that may be
installed; Loma is taken as it is.
"""

import argparse
import shutil
from pathlib import Path

TARGET = Path(__file__).parents[2] / "gui" / "paint" / "fontfiles"
FAMILY = "Zviazok Sans"
RANGES = (
    (0x0020, 0x024F),  # Latin with its extensions
    (0x02B0, 0x036F),  # modifiers, marks that combine
    (0x0370, 0x03FF),  # Greek
    (0x0400, 0x052F),  # Cyrillic
    (0x1E00, 0x1EFF),  # more Latin, Vietnamese
    (0x2000, 0x206F),  # punctuation
    (0x2070, 0x209F),  # raised and lowered digits
    (0x20A0, 0x20CF),  # currencies
    (0x2100, 0x218F),  # letter-like signs, fractions
    (0x2190, 0x22FF),  # arrows, mathematics
    (0x25A0, 0x25FF),  # shapes
    (0xFFFD, 0xFFFD),
)


def main() -> None:
    """Read the sources and write the folder."""
    from fontTools import subset  # type: ignore[import-not-found,unused-ignore]

    parser = argparse.ArgumentParser()
    parser.add_argument("--sans", type=Path, required=True)
    parser.add_argument("--loma", type=Path, required=True)
    given = parser.parse_args()
    codes = [code for first, last in RANGES for code in range(first, last + 1)]
    for weight in ("Regular", "Bold"):
        options = subset.Options()
        options.layout_features = ["ccmp", "kern", "locl", "mark", "mkmk"]
        options.name_IDs = ["*"]
        options.notdef_outline = True
        font = subset.load_font(str(given.sans / f"NotoSans-{weight}.ttf"), options)
        cut = subset.Subsetter(options)
        cut.populate(unicodes=codes)
        cut.subset(font)
        for name in font["name"].names:
            said = {
                1: FAMILY,
                3: f"{FAMILY} {weight}",
                4: f"{FAMILY} {weight}",
                6: f"{FAMILY.replace(' ', '')}-{weight}",
                16: FAMILY,
            }.get(name.nameID)
            if said is not None:
                name.string = said
        subset.save_font(font, str(TARGET / f"ZviazokSans-{weight}.ttf"), options)
    for file, name in (("Loma.ttf", "Loma-Regular.ttf"), ("Loma-Bold.ttf", "Loma-Bold.ttf")):
        shutil.copyfile(given.loma / file, TARGET / name)


if __name__ == "__main__":
    main()
