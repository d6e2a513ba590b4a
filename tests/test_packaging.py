"""What is installed and how: the wheel, the lock, the Makefile, what it asks of a system."""

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from protocol import __version__
from tests.server import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="ascii")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("broker", "gateway", "gui", "protocol")

make_and_sh = pytest.mark.skipif(
    os.name != "posix" or shutil.which("make") is None, reason="only on systems with make"
)


def locked() -> dict[str, str]:
    """Return version by normalised name."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", LOCK, re.MULTILINE))


def name_of(requirement: str) -> str:
    return re.split(r"[<>=!~ ;\[]", requirement)[0].lower().replace("_", "-")


def test_every_dependency_is_locked() -> None:
    wanted = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    assert {name_of(one) for one in wanted} <= locked().keys()
    assert locked()["customtkinter"] == "6.0.0"


def test_the_lock_holds_versions_and_hashes_alone() -> None:
    entries = re.split(r"(?m)^(?=\S)", LOCK)
    assert entries[0] == ""
    for entry in entries[1:]:
        first, *rest = entry.rstrip("\n").split("\n")
        assert re.fullmatch(r"[a-z0-9-]+==\S+( ; [^\\]+)? \\", first), first
        assert rest
        for line in rest:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
    assert "://" not in LOCK
    assert "/" not in LOCK


@pytest.mark.parametrize("name", ["pyzmq", "msgpack", "pillow", "ruff", "mypy"])
def test_compiled_packages_are_locked_for_every_system(name: str) -> None:
    entry = LOCK.partition(f"\n{name}==")[2].partition("\n\n")[0]
    hashes = re.search(r"((?:\n    --hash=.*)+)", entry)
    assert hashes is not None
    # Linux, macOS and Windows on two processors each, and the source.
    assert hashes[1].count("--hash=") >= 7


def test_the_wheel_holds_four_packages_and_one_module(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=100,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"zviazok-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = f"zviazok-{__version__}.dist-info"
        entry_points = archive.read(f"{metadata}/entry_points.txt").decode()
    tops = {name.split("/")[0] for name in names}
    assert tops == {*PACKAGES, "zviazok.py", metadata}
    assert "protocol/py.typed" in names
    assert f"{metadata}/licenses/LICENSE" in names
    assert "zviazok = zviazok:main" in entry_points


def test_the_root_has_no_other_folder() -> None:
    # Not git's view of it: the system under test need not have git, nor the copy a history.
    found = {one.name for one in ROOT.iterdir() if one.is_dir() and one.name[0] != "."}
    assert found - {"build", "dist", "__pycache__"} == {*PACKAGES, "tests"}


@make_and_sh
def test_make_help_names_every_goal() -> None:
    done = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    for goal in ("run", "test", "setup", "check", "bench", "faults", "clean", "help"):
        assert f"make {goal}" in done.stdout


@make_and_sh
def test_ci_runs_just_make_test(tmp_path: Path) -> None:
    stub(tmp_path, "make", 'echo "make $* in $(pwd)"')
    done = subprocess.run(
        [ROOT / ".ci" / "run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert done.stdout == f"make test in {ROOT}\n"


def stub(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class System:
    """A pretended Debian: what apt-get installs appears, and is noted."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.state = folder / "installed"
        self.bin.mkdir()
        self.state.mkdir()
        self.calls = folder / "calls"
        self.calls.touch()
        stub(self.bin, "id", "echo 0")
        stub(
            self.bin,
            "apt-get",
            f'echo "$*" >>"{self.calls}"\n'
            'case $* in *" install "*) ;; *) exit 0 ;; esac\n'
            f'for one; do case $one in -*|install) ;; *) touch "{self.state}/$one" ;; esac; done',
        )
        stub(self.bin, "dpkg-query", "exit 0")
        self.python("3.11")

    def python(self, version: str) -> None:
        minor = int(version.split(".")[1])
        stub(
            self.bin,
            "python3",
            'case "$2" in\n'
            f"*version_info*) exit {int(minor < 11)} ;;\n"
            f'"import venv"|"import ensurepip") [ -e "{self.state}/python{version}-venv" ] ;;\n'
            f'"import tkinter") [ -e "{self.state}/python{version}-tk" ] ;;\n'
            f"*realpath*) echo /usr/bin/python{version} ;;\n"
            f'*_base_executable*) echo "{self.bin}/python3" ;;\n'
            "*) exit 99 ;;\nesac",
        )

    def ask(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        path = f"{self.bin}:/usr/bin:/bin"
        return subprocess.run(
            [ROOT / ".ci" / "system", *words],
            env={"PATH": path, "PYTHON": str(self.bin / "python3"), **env},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def installed(self) -> set[str]:
        return {one.name for one in self.state.iterdir()}


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


@make_and_sh
def test_a_fresh_debian_gets_venv_once(system: System) -> None:
    for _ in range(2):
        done = system.ask("python")
        assert (done.returncode, done.stdout) == (0, f"{system.bin}/python3\n"), done.stderr
    assert system.installed() == {"python3.11-venv"}
    calls = system.calls.read_text().splitlines()
    assert len(calls) == 2
    assert calls[0].endswith("update")
    assert "--no-install-recommends" in calls[1]


@make_and_sh
def test_tkinter_is_installed_where_there_is_a_display(system: System) -> None:
    python = str(system.bin / "python3")
    assert system.ask("window", python).returncode == 0
    assert system.installed() == set()
    for _ in range(2):
        assert system.ask("window", python, DISPLAY=":0").returncode == 0
    assert system.installed() == {"python3.11-tk"}
    assert len(system.calls.read_text().splitlines()) == 2


@make_and_sh
def test_an_old_python_is_one_clear_line(system: System) -> None:
    system.python("3.9")
    done = system.ask("python")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "no Python >= 3.11" in done.stderr
    assert done.stderr.count("\n") == 1
    assert system.installed() == set()


@make_and_sh
def test_a_python_that_is_not_debians_is_left_alone(system: System) -> None:
    stub(system.bin, "dpkg-query", "exit 1")
    python = str(system.bin / "python3")
    done = system.ask("window", python, DISPLAY=":0")
    assert done.returncode == 1
    assert "has no tkinter" in done.stderr
    assert system.installed() == set()


@make_and_sh
def test_without_root_and_sudo_the_command_is_shown(system: System) -> None:
    stub(system.bin, "id", "echo 1000")
    stub(system.bin, "dpkg-query", "exit 0")
    if shutil.which("sudo", path="/usr/bin:/bin") is None:
        done = system.ask("python")
        assert done.returncode == 1
        assert "as root: apt-get install --no-install-recommends python3.11-venv" in done.stderr
    stub(system.bin, "sudo", 'exec "$@"')
    assert system.ask("python").returncode == 0
    assert system.installed() == {"python3.11-venv"}
