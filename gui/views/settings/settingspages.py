"""What stands in each section of the settings, put there step by step. In the Tk thread."""

import os
import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog
from typing import Final

import protocol
from gui.paint import kit
from gui.paint.faces import Face
from gui.paint.look import Look
from gui.paint.pictures import PictureError
from gui.paint.portrait import make_portrait
from gui.paint.slices import Steps
from gui.paint.theme import ACCENTS, FONT_PX, palette
from gui.settings import TEXT_PERCENTS
from gui.text import doubts
from gui.text.rowlayout import Box
from gui.views.settings.devicespage import devices
from gui.views.settings.formpage import Page
from gui.views.settings.notifypage import notify
from gui.words import wording
from gui.words.i18n import LANGUAGES

AVATAR: Final = 80
_PICTURES: Final = "*.png *.jpg *.jpeg *.webp *.gif"
FILES_MAX: Final = 200_000
"""Files that are counted for the size of the folder."""


def profile(page: Page) -> Steps:
    """Nickname, colour, picture."""
    look, px, acts, host = page.look, page.look.px, page.acts, page.host
    if not acts.me().person:
        page.words(page.tr("no_server"))
        return
    ground = look.palette.card
    row = page.row()
    canvas = tk.Canvas(
        row, width=px(AVATAR), height=px(AVATAR), bd=0, highlightthickness=0, bg=ground
    )
    canvas.pack(side="left", padx=(0, px(16)))
    beside = tk.Frame(row, bd=0, bg=ground)
    beside.pack(side="left", fill="x", expand=True)

    def draw(face: Face) -> None:
        canvas.delete("all")
        look.avatar(canvas, (0, 0), px(AVATAR), face._replace(online=None), ground, ())
        remove = host.parts.get("picture_remove")
        if remove is None:
            return
        if face.picture:
            remove.pack(side="left", padx=(0, px(8)))
        else:
            if remove.focused:
                host.parts["picture_choose"].focus_set()
            remove.pack_forget()

    yield None
    # --- nickname
    kit.label(beside, look, page.tr("nick"), "small", "quiet").pack(fill="x", pady=(0, px(4)))
    line = tk.Frame(beside, bd=0, bg=ground)
    line.pack(fill="x")
    yield None
    field = kit.entry(line, look)
    kit.put(field, acts.me().name)
    yield None
    answer = page.words("", "danger")

    def say(reason: str, good: str) -> None:
        if answer.winfo_exists():
            answer.configure(
                text=look.plain(reason or page.tr(good)),
                fg=look.palette.danger if reason else look.palette.online,
            )

    def rename() -> None:
        def renamed(reason: str) -> None:
            say(reason, "nick_saved")
            if not reason and canvas.winfo_exists():
                draw(acts.me())

        acts.rename(field.get(), renamed)

    def typed() -> None:
        doubt = doubts.while_typed(look.tr, field.get())
        if answer.winfo_exists():
            answer.configure(text=look.plain(doubt), fg=look.palette.quiet)

    field.at_every_change(typed)
    yield None
    save = kit.button(line, look, page.tr("nick_save"), rename, "main")
    save.pack(side="right", padx=(px(8), 0))
    field.pack(side="left", fill="x", expand=True)
    field.bind("<Return>", lambda _: rename())
    host.parts.update(nick=field, nick_save=save, answer=answer)

    # --- colour and picture
    def set_profile(colour: int, picture: bytes, good: str) -> None:
        before = acts.me()
        draw(before._replace(colour=colour, picture=picture))

        def done(reason: str) -> None:
            if canvas.winfo_exists():
                say(reason, good)
                if reason:
                    draw(before)

        acts.set_profile(colour, picture, done)

    def choose_picture() -> None:
        chosen = filedialog.askopenfilename(
            parent=canvas, title=page.tr("picture_choose"),
            filetypes=[(page.tr("picture_files"), _PICTURES)],
        )  # fmt: skip
        if chosen and canvas.winfo_exists():
            use_picture(Path(chosen))

    def use_picture(path: Path) -> None:
        def made(result: tuple[bytes, str]) -> None:
            if result[1]:
                say(look.tr(result[1]), "")
            else:
                set_profile(acts.me().colour, result[0], "picture_saved")

        host.work(lambda: _portrait(path), made)

    yield None
    page.heading(page.tr("picture"))
    row = page.row()
    page.button(row, "picture_choose", choose_picture)
    page.button(
        row, "picture_remove", lambda: set_profile(acts.me().colour, b"", "picture_gone"), "danger"
    )
    yield None
    page.words(page.tr("picture_note"))
    page.heading(page.tr("colour"))
    colours = [(0, look.palette.groove)]
    colours += [(index, one) for index, one in enumerate(look.palette.people, 1)]
    page.add(
        "colours",
        kit.Swatches(
            page.frame, look, colours, acts.me().colour,
            lambda colour: set_profile(colour, acts.me().picture or b"", "colour_saved"),
        ),
    )  # fmt: skip
    yield None
    page.words(page.tr("colour_note"))
    host.parts["use_picture"] = use_picture
    draw(acts.me())


def _portrait(path: Path) -> tuple[bytes, str]:
    try:
        return make_portrait(path), ""
    except PictureError as error:
        return b"", str(error)


def appearance(page: Page) -> Steps:
    """Theme, accent, size of text."""
    look, host, settings = page.look, page.host, page.acts.settings
    page.heading(page.tr("theme"))
    themes = [(name, page.tr(f"theme_{name}")) for name in ("light", "dark", "system")]
    page.add(
        "theme",
        kit.Choice(
            page.frame, look, themes, settings.theme, lambda theme: host.change(theme=theme)
        ),
        inset=8,
    )
    yield None
    page.heading(page.tr("accent"))
    accents = [(name, palette(look.palette.name, name).accent) for name in ACCENTS]
    page.add(
        "accent",
        kit.Swatches(
            page.frame, look, accents, settings.accent,
            lambda accent: host.change(accent=accent),
        ),
    )  # fmt: skip
    yield None
    page.heading(page.tr("text_size"))
    row = page.row()
    percent = kit.label(row, look, "", "label", "quiet", wraps=False)
    percent.pack(side="right")
    sample = tk.Canvas(
        page.frame, bd=0, highlightthickness=0, bg=look.palette.chat, height=look.px(40), width=10
    )

    def preview(value: int) -> None:
        percent.configure(text=f"{value} %")
        _sample(sample, look, page.tr("text_sample"), value / settings.text_percent)

    def moved(value: int, final: bool) -> None:
        preview(value)
        if final and value != page.acts.settings.text_percent:
            # All is built anew: after this, nothing here may be touched.
            host.change(text_percent=value)

    yield None
    slider = kit.Slider(row, look, TEXT_PERCENTS, settings.text_percent, moved)
    slider.widget.pack(side="left", fill="x", expand=True, padx=(0, look.px(12)))
    host.parts["text_size"] = slider
    host.parts["sample"] = sample
    sample.pack(fill="x", padx=look.px(8), pady=(0, look.px(8)))
    # This draws it, too: it comes with its first size.
    sample.bind("<Configure>", lambda _: look.slices.paint(sample, lambda: preview(slider.value)))


def _sample(canvas: tk.Canvas, look: Look, text: str, factor: float) -> None:
    """Paint a bubble with words ``factor`` times as large as they are now."""
    px, colours = look.px, look.palette
    size = max(6, round(FONT_PX["body"] * look.scale * factor))
    # Named by what it is, so that no font is left behind.
    font = (str(look.font("body", text).cget("family")), -size)
    words = look.fonts.shown("body.thai", look.plain(text))
    call = canvas.tk.call
    high = int(call("font", "metrics", font, "-linespace"))
    edge = round(px(10) * factor)
    wide = min(canvas.winfo_width() - px(24), int(call("font", "measure", font, words)) + 2 * edge)
    canvas.delete("all")
    canvas.configure(height=high + 2 * edge + px(24), bg=colours.chat)
    if wide > px(24):
        box = Box(px(12), px(12), wide, high + 2 * edge)
        image = look.shapes.box(box.w, box.h, px(12), colours.ours, colours.chat)
        canvas.create_image(box.x, box.y, image=image, anchor="nw")
        canvas.create_text(
            box.x + edge, box.y + edge, text=words, font=font, fill=colours.on_ours, anchor="nw"
        )


def language(page: Page) -> Steps:
    """The language, each by its own name."""
    yield None
    options = [("", page.tr("language_system")), *LANGUAGES.items()]
    page.add(
        "language",
        kit.Choice(
            page.frame, page.look, options, page.acts.settings.language,
            lambda code: page.host.change(language=code), stacked=True,
        ),
    )  # fmt: skip


def privacy(page: Page) -> Steps:
    """What others see of oneself."""
    page.switch("typing", "typing")
    page.switch("read_marks", "read_marks")
    yield None
    page.words(page.tr("privacy_always"))


def device(page: Page) -> Steps:
    """The server, the folder, the version."""
    look, acts, host = page.look, page.acts, page.host
    if acts.me().person:
        page.heading(page.tr("server"))
        page.words(page.tr("server_note"))
        row = page.row()
        page.button(row, "server_switch", lambda: _leave(page))
        if acts.may_audit():
            page.button(row, "audit", acts.show_audit)
    yield None
    page.heading(page.tr("folder"))
    page.words(str(acts.data_folder()), "text")
    size = page.words(page.tr("folder_counting"))
    host.parts["folder_size"] = size
    row = page.row()
    missing = page.words("", "danger")
    missing.pack_forget()

    def open_folder() -> None:
        if acts.open_folder():
            missing.pack_forget()
        else:
            words = look.tr("archive.opener_missing")
            missing.configure(text=look.plain(words), font=look.font("label", words))
            missing.pack(fill="x", padx=look.px(8), pady=(0, look.px(8)), after=row)

    host.parts["folder_missing"] = missing
    page.button(row, "folder_open", open_folder)
    yield None
    page.heading(page.tr("about"))
    page.words(page.tr("about_note", version=protocol.__version__))

    def counted(result: int) -> None:
        if size.winfo_exists():
            used = wording.size(look.tr, result)
            size.configure(text=look.plain(page.tr("folder_size", size=used)))

    folder = acts.data_folder()
    host.work(lambda: folder_size(folder), counted)


def _leave(page: Page) -> None:
    page.host.close()
    page.acts.leave_server()


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below a folder; slow. What cannot be read counts nothing."""
    total = seen = 0
    for place, _, names in os.walk(folder):
        for name in names:
            seen += 1
            if seen > FILES_MAX:
                return total
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


PAGES: Final[dict[str, Callable[[Page], Steps]]] = {
    "profile": profile,
    "appearance": appearance,
    "language": language,
    "notify": notify,
    "privacy": privacy,
    "devices": devices,
    "device": device,
}
