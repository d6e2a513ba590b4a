"""The style sheet of a page: our colours, light or dark as the reader's system is."""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from gui.paint.theme import DARK, LIGHT, Palette

_NAMES: Final = (
    "chat", "card", "line", "text", "quiet", "accent", "theirs", "ours", "on_ours", "quiet_ours",
    "pill", "on_pill", "link", "link_ours", "chip", "on_chip", "chip_own", "on_chip_own",
    "on_person", "field",
)  # fmt: skip

_RULES: Final = """
*{box-sizing:border-box}
html{color-scheme:light dark;background:var(--chat);color:var(--text);
font:15px/1.4 "Noto Sans","Segoe UI","Helvetica Neue","Noto Sans Thai","Leelawadee UI",sans-serif}
body{margin:0;overflow-wrap:anywhere}
a{color:var(--link)}
.top{background:var(--card);border-bottom:1px solid var(--line)}
.top>div,main,.foot{max-width:760px;margin:0 auto;padding:16px}
h1{font-size:22px;margin:0 0 8px}
.top p{margin:2px 0;color:var(--quiet);font-size:13px}
.top .count{color:var(--text);font-weight:600}
.top .gone{color:var(--text);border-left:4px solid var(--accent);padding-left:8px}
.foot{color:var(--quiet);font-size:13px;text-align:center}
.day{content-visibility:auto;contain-intrinsic-size:auto 1200px}
h2,.note{width:fit-content;max-width:90%;margin:16px auto 8px;padding:3px 12px;border-radius:12px;
background:var(--pill);color:var(--on_pill);font-size:12px;font-weight:400;text-align:center}
.note{margin:8px auto;background:none;color:var(--quiet)}
.m{display:flex;gap:8px;margin-top:2px;align-items:flex-end}
.m.f{margin-top:10px}
.m.o{flex-direction:row-reverse}
.a{flex:0 0 32px;height:32px;border-radius:50%;line-height:32px;text-align:center;
color:var(--on_person);font-weight:600}
.a.e{background:none!important}
.o .a{display:none}
.b{position:relative;max-width:min(520px,85%);min-width:96px;padding:6px 12px;border-radius:12px;
background:var(--theirs)}
.o .b{background:var(--ours);color:var(--on_ours)}
.m:target .b{outline:2px solid var(--accent)}
.n{font-weight:600;font-size:14px}
.t{white-space:pre-wrap}
.o .t a{color:var(--link_ours)}
.x{font-style:italic;color:var(--quiet)}
.o .x,.o footer,.o .s{color:var(--quiet_ours)}
.q{display:block;margin:2px 0 4px;padding:2px 8px;border-left:3px solid var(--accent);
color:inherit;text-decoration:none;font-size:13px;max-height:44px;overflow:hidden}
.q b{display:block}
.p{display:block;max-width:100%;height:auto;margin:4px 0;border-radius:8px}
.s{font-size:12px;color:var(--quiet)}
.w{display:block;margin:4px 0}
.r{list-style:none;display:flex;flex-wrap:wrap;gap:4px;margin:4px 0 0;padding:0}
.r li{padding:1px 8px;border-radius:12px;background:var(--chip);color:var(--on_chip);font-size:13px}
.r .y{background:var(--chip_own);color:var(--on_chip_own)}
.b footer{text-align:right;font-size:12px;color:var(--quiet)}
@media print{
html{color-scheme:light;background:#fff;font-size:11pt}
.top,.b{border:1px solid var(--line)}
.day{content-visibility:visible}
.m,.note,h2{break-inside:avoid}
h2{break-after:avoid}
*{print-color-adjust:exact}
}
"""


def _colours(palette: Palette) -> str:
    """Return the rules that give a palette's colours their names."""
    names = "".join(f"--{name}:{getattr(palette, name)};" for name in _NAMES)
    people = "".join(f"--p{index}:{colour};" for index, colour in enumerate(palette.people))
    return f":root{{{names}{people}}}"


def _people() -> str:
    return "".join(
        f".a.c{index}{{background:var(--p{index})}}.n.c{index}{{color:var(--p{index})}}"
        for index in range(len(LIGHT.people))
    )


STYLE: Final = (
    f"{_colours(LIGHT)}@media screen and (prefers-color-scheme:dark){{{_colours(DARK)}}}"
    f"{_people()}{_RULES}"
)

POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'sha256-"
    f"{b64encode(sha256(STYLE.encode()).digest()).decode()}'; base-uri 'none'; form-action 'none'"
)
"""No script, nothing from the network, no style but ours."""
