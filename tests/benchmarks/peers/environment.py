"""The virtual environment of the peers that come from PyPI: ``.venv/peers``, from the lock."""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.peers.peer import Unavailable

_LOCK = Path(__file__).parent / "requirements.lock"
_ROOT = Path(__file__).parents[3]
_PLACE = Path(".venv") / "peers"


def entry(lock: str, name: str) -> str:
    """Return the lines of one package in a lock."""
    found = re.search(rf"^{re.escape(name)}==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    if found is None:
        raise Unavailable(f"the lock has no {name}")
    return found.group()


def python(folder: Path = _ROOT / _PLACE) -> str:
    """Return the interpreter of the peers' environment; the first call makes it (about 20 s)."""
    interpreter = folder / "bin" / "python"
    lock = _LOCK.read_text(encoding="ascii")
    stamp = folder / ".made"
    digest = hashlib.sha256(lock.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return str(interpreter)
    print("making the environment of the peers from PyPI", file=sys.stderr, flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    install = [str(interpreter), "-m", "pip", "install", "--quiet", "--require-hashes"]
    with tempfile.TemporaryDirectory(prefix="zviazok-peers-") as place:
        # The build tool first: a package without a wheel is built with it, not with one that
        # comes unlocked.
        build = Path(place) / "build.lock"
        build.write_text(entry(lock, "setuptools"), encoding="ascii")
        _run([*install, "-r", str(build)])
    _run([*install, "--no-build-isolation", "-r", str(_LOCK)])
    stamp.write_text(digest)
    return str(interpreter)


def version(name: str) -> str:
    """Ask the environment which version of a package it has."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    words = [python(), "-c", code]
    told = subprocess.run(words, capture_output=True, text=True)
    if told.returncode:
        raise Unavailable(f"{name} is not in the peers' environment")
    return told.stdout.strip()


def _run(words: list[str]) -> None:
    quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(words, capture_output=True, text=True, env=quiet)
    if done.returncode:
        lines = [one for one in done.stderr.splitlines() if one.startswith("ERROR")]
        reason = lines[-1] if lines else done.stderr.strip()[-200:]
        raise Unavailable(f"the packages from PyPI cannot be installed: {reason}")
