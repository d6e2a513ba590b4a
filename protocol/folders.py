"""Where the program keeps its data: one folder of the server, one of the profiles.

Both are made with 0700, because they hold keys and messages, and both are
tried by writing into them, so that a wrong place shows at the start and not in
the middle of a conversation. No state; any thread.
"""

import os
import secrets
import shlex
from pathlib import Path
from subprocess import list2cmdline

import platformdirs

from protocol.errors import SetupError

APP = "zviazok"


def server_folder(data: Path | None) -> Path:
    """Return the server's folder, made and writable; ``None``: the user's default.

    Raise :class:`SetupError` with one line if it cannot be made or written.
    """
    return _ready(data if data is not None else _default() / "server")


def server_place(data: Path | None) -> Path:
    """Return where the server's folder is or would be; nothing is made or tried."""
    return (data if data is not None else _default() / "server").expanduser().absolute()


def profiles_folder(data: Path | None) -> Path:
    """Return the folder of the profiles, made and writable; ``None``: the user's default.

    Raise :class:`SetupError` with one line if it cannot be made or written.
    """
    return _ready((data if data is not None else _default()) / "profiles")


def data_words(profiles: Path) -> str:
    """Return the ``--data`` words that lead to this folder of profiles; none, where none do."""
    if profiles == (_default() / "profiles").expanduser().absolute():
        return ""
    words = ("--data", str(profiles.parent))
    return list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _default() -> Path:
    return Path(platformdirs.user_data_dir(APP, appauthor=False))


def _ready(folder: Path) -> Path:
    folder = folder.expanduser().absolute()
    try:
        for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
            # mkdir(parents=True) would give the folders above it the umask's mode.
            missing.mkdir(mode=0o700, exist_ok=True)
        probe = folder / f".probe-{secrets.token_hex(8)}"
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        probe.unlink()
    except OSError as error:
        raise SetupError(
            f"cannot write to the folder {folder} ({error.strerror}); "
            "name another one with --data DIR"
        ) from None
    return folder
