"""The accents that people choose from: data alone, each for light and for dark."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tint:
    """The colours that an accent gives to one theme, as ``#rrggbb``."""

    accent: str
    accent_hover: str
    on_accent: str
    ours: str
    """A bubble of one's own."""
    on_ours: str
    quiet_ours: str
    link: str
    link_ours: str
    selection: str
    """Behind selected words; also the veil of rows that are selected."""
    on_selection: str
    chip_own: str
    """A reaction that is one's own, too."""
    on_chip_own: str


ACCENTS: Final[dict[str, tuple[Tint, Tint]]] = {
    "indigo": (
        Tint(
            accent="#4353c9",
            accent_hover="#3644ad",
            on_accent="#ffffff",
            ours="#dde2ff",
            on_ours="#171d3d",
            quiet_ours="#525c8c",
            link="#3a49bd",
            link_ours="#2f3da8",
            selection="#b9c4ff",
            on_selection="#12183a",
            chip_own="#4353c9",
            on_chip_own="#ffffff",
        ),
        Tint(
            accent="#8f9bff",
            accent_hover="#a9b2ff",
            on_accent="#10142b",
            ours="#38427f",
            on_ours="#f2f4ff",
            quiet_ours="#b9c1ee",
            link="#a3adff",
            link_ours="#c3caff",
            selection="#5563c9",
            on_selection="#ffffff",
            chip_own="#8f9bff",
            on_chip_own="#10142b",
        ),
    ),
    "teal": (
        Tint(
            accent="#057873",
            accent_hover="#066662",
            on_accent="#ffffff",
            ours="#c3efeb",
            on_ours="#012826",
            quiet_ours="#286f6b",
            link="#04706b",
            link_ours="#046c68",
            selection="#80ded7",
            on_selection="#002321",
            chip_own="#057873",
            on_chip_own="#ffffff",
        ),
        Tint(
            accent="#55c2bb",
            accent_hover="#66d2cb",
            on_accent="#001b19",
            ours="#035350",
            on_ours="#edf8f7",
            quiet_ours="#9fcfcb",
            link="#25c0b9",
            link_ours="#8bdcd6",
            selection="#02736e",
            on_selection="#ffffff",
            chip_own="#55c2bb",
            on_chip_own="#001b19",
        ),
    ),
    "rose": (
        Tint(
            accent="#bd245d",
            accent_hover="#aa024e",
            on_accent="#ffffff",
            ours="#fedae1",
            on_ours="#38131e",
            quiet_ours="#86535f",
            link="#bc225c",
            link_ours="#b51856",
            selection="#feb2c3",
            on_selection="#360b18",
            chip_own="#bd245d",
            on_chip_own="#ffffff",
        ),
        Tint(
            accent="#fe91ac",
            accent_hover="#feadbf",
            on_accent="#250e14",
            ours="#722d40",
            on_ours="#fdf2f4",
            quiet_ours="#deb3bc",
            link="#f190a7",
            link_ours="#f6b3c1",
            selection="#9d3d59",
            on_selection="#ffffff",
            chip_own="#fe91ac",
            on_chip_own="#250e14",
        ),
    ),
    "amber": (
        Tint(
            accent="#965f05",
            accent_hover="#815104",
            on_accent="#ffffff",
            ours="#f9e0c5",
            on_ours="#321c00",
            quiet_ours="#7e5d36",
            link="#8b5804",
            link_ours="#865400",
            selection="#f1c189",
            on_selection="#2c1800",
            chip_own="#965f05",
            on_chip_own="#ffffff",
        ),
        Tint(
            accent="#e8a44d",
            accent_hover="#f5b568",
            on_accent="#211201",
            ours="#653e01",
            on_ours="#fbf4ed",
            quiet_ours="#d7bd9f",
            link="#dfa053",
            link_ours="#ebc190",
            selection="#8a5601",
            on_selection="#ffffff",
            chip_own="#e8a44d",
            on_chip_own="#211201",
        ),
    ),
    "violet": (
        Tint(
            accent="#7d3ab7",
            accent_hover="#6d27a5",
            on_accent="#ffffff",
            ours="#ebdefd",
            on_ours="#281938",
            quiet_ours="#6e5a85",
            link="#7d3ab7",
            link_ours="#7d3ab7",
            selection="#d8bcfa",
            on_selection="#251237",
            chip_own="#7d3ab7",
            on_chip_own="#ffffff",
        ),
        Tint(
            accent="#cb9efe",
            accent_hover="#d6b4ff",
            on_accent="#1a1124",
            ours="#543772",
            on_ours="#f7f3fc",
            quiet_ours="#c8b9db",
            link="#c19ced",
            link_ours="#d4bbf2",
            selection="#754d9e",
            on_selection="#ffffff",
            chip_own="#cb9efe",
            on_chip_own="#1a1124",
        ),
    ),
    "forest": (
        Tint(
            accent="#137738",
            accent_hover="#01662c",
            on_accent="#ffffff",
            ours="#d0eed5",
            on_ours="#062911",
            quiet_ours="#446d4d",
            link="#0c7335",
            link_ours="#037031",
            selection="#a0dcac",
            on_selection="#01250c",
            chip_own="#137738",
            on_chip_own="#ffffff",
        ),
        Tint(
            accent="#6bc481",
            accent_hover="#82d394",
            on_accent="#071b0c",
            ours="#115629",
            on_ours="#f0f8f1",
            quiet_ours="#afcfb5",
            link="#6dbd7f",
            link_ours="#a7dbb1",
            selection="#137738",
            on_selection="#ffffff",
            chip_own="#6bc481",
            on_chip_own="#071b0c",
        ),
    ),
    "graphite": (
        Tint(
            accent="#454d5e",
            accent_hover="#363e4f",
            on_accent="#ffffff",
            ours="#e0e5ed",
            on_ours="#1d222b",
            quiet_ours="#5d636f",
            link="#454d5e",
            link_ours="#454d5e",
            selection="#c1cbdf",
            on_selection="#181d27",
            chip_own="#454d5e",
            on_chip_own="#ffffff",
        ),
        Tint(
            accent="#a9b3c6",
            accent_hover="#b8c2d6",
            on_accent="#11161f",
            ours="#3f4858",
            on_ours="#f1f5fe",
            quiet_ours="#bcc3d0",
            link="#9daece",
            link_ours="#bdcbe5",
            selection="#58637b",
            on_selection="#ffffff",
            chip_own="#a9b3c6",
            on_chip_own="#11161f",
        ),
    ),
}
"""Name → its colours in light and in dark, in the order in which they are offered."""

ACCENT: Final = "indigo"
"""What holds until somebody chooses."""
