"""Data folders: where they are, that they are private, and that a wrong place shows at once."""

import os
import stat
from pathlib import Path

import platformdirs
import pytest

from protocol import folders
from protocol.errors import SetupError


def test_a_folder_that_was_named_is_the_servers(tmp_path: Path) -> None:
    data = tmp_path / "a" / "b"
    assert folders.server_folder(data) == data
    assert folders.profiles_folder(data) == data / "profiles"
    assert not any(data.joinpath("profiles").iterdir())
    if os.name == "posix":
        for one in (data.parent, data, data / "profiles"):
            assert stat.S_IMODE(one.stat().st_mode) == 0o700


def test_the_default_is_in_the_users_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda name, **_: str(tmp_path / name))
    assert folders.server_folder(None) == tmp_path / "zviazok" / "server"
    assert folders.profiles_folder(None) == tmp_path / "zviazok" / "profiles"


def test_an_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    before = tmp_path.stat().st_mode
    assert folders.server_folder(tmp_path) == tmp_path
    assert tmp_path.stat().st_mode == before


def test_a_relative_folder_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert folders.server_folder(Path("here")) == tmp_path / "here"


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SetupError) as caught:
            folders.server_folder(place)
        assert str(place) in str(caught.value)
        assert "--data" in str(caught.value)
        assert "\n" not in str(caught.value)
