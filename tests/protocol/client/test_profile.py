"""Profiles: one folder for each server and nickname, never open twice."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.client.pins import Pins
from protocol.client.profile import Profile, folder_name
from protocol.errors import BadNameError, KeyChangedError, SetupError
from protocol.invite import Invite
from protocol.keys import fingerprint

INVITE = Invite(("127.0.0.1:8080",), bytes(range(32)))
OTHER = Invite(("127.0.0.1:8080",), bytes(32))


def test_the_same_profile_has_the_same_key(tmp_path: Path) -> None:
    first = Profile.open(tmp_path, INVITE, "Іван")
    first.close()
    again = Profile.open(tmp_path, INVITE, " Іван ")
    assert (again.folder, again.keys) == (first.folder, first.keys)
    other = Profile.open(tmp_path, OTHER, "Іван")
    assert other.folder != again.folder and other.keys != again.keys
    assert again.pictures.is_dir()
    again.close()
    other.close()


def test_it_is_never_open_twice_not_even_by_another_process(tmp_path: Path) -> None:
    profile = Profile.open(tmp_path, INVITE, "Nora")
    with pytest.raises(SetupError, match="already open"):
        Profile.open(tmp_path, INVITE, "Nora")
    Profile.open(tmp_path, INVITE, "Olga").close()
    words = (
        "import sys; from pathlib import Path; from protocol.client.profile import Profile;"
        "from protocol.invite import Invite;"
        "Profile.open(Path(sys.argv[1]), Invite(('h:1',), bytes(range(32))), 'Nora')"
    )
    command = [sys.executable, "-c", words, str(tmp_path)]
    root = Path(__file__).resolve().parents[2]
    taken = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert taken.returncode == 1 and "already open" in taken.stderr
    profile.close()
    free = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert free.returncode == 0, free.stderr
    Profile.open(tmp_path, INVITE, "Nora").close()


@pytest.mark.skipif(os.name != "posix", reason="only on POSIX")
def test_nobody_else_may_look_in(tmp_path: Path) -> None:
    profile = Profile.open(tmp_path / "profiles", INVITE, "Nora")
    for path in (profile.folder, profile.folder.parent, profile.pictures, profile.folder / "lock"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    profile.close()


@pytest.mark.skipif(os.name != "posix", reason="only on POSIX")
@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o707])
def test_a_folder_or_a_key_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    profile = Profile.open(tmp_path, INVITE, "Nora")
    profile.close()
    profile.folder.chmod(mode)
    with pytest.raises(SetupError, match=r"open to others.*chmod 700"):
        Profile.open(tmp_path, INVITE, "Nora")
    profile.folder.chmod(0o700)
    key = profile.folder / "device.key"
    key.chmod(0o600 | (mode & 0o077))
    with pytest.raises(SetupError, match=r"can be read by others.*chmod 600"):
        Profile.open(tmp_path, INVITE, "Nora")
    key.chmod(0o600)
    Profile.open(tmp_path, INVITE, "Nora").close()


def test_a_known_address_with_another_key_is_not_opened(tmp_path: Path) -> None:
    profile = Profile.open(tmp_path, INVITE, "Nora")
    profile.answered(INVITE.addresses[0])
    profile.close()
    folders = sorted(tmp_path.iterdir())
    with pytest.raises(KeyChangedError) as caught:
        Profile.open(tmp_path, Invite(("10.0.0.1:80", *OTHER.addresses), OTHER.server_key), "Nora")
    error = caught.value
    assert (error.known, error.given) == (
        fingerprint(INVITE.server_key),
        fingerprint(OTHER.server_key),
    )
    for part in (*error.addresses, error.known, error.given, "zviazok forget 127.0.0.1:8080"):
        assert part in str(error)
    assert sorted(tmp_path.iterdir()) == folders, "nothing is made for the other server"
    assert Pins(tmp_path).forget("127.0.0.1:8080") == INVITE.server_key
    Profile.open(tmp_path, OTHER, "Nora").close()


def test_names_are_safe_in_every_file_system() -> None:
    names = ["a/b", "..", "con", "x" * 32, "é", "а", "a", "A", "😀 grin", "a:b*c?"]
    made = [folder_name(name) for name in names]
    assert len({one.casefold() for one in made}) == len(made)
    for one in made:
        assert not set(one) & set('/\\:*?"<>| .\0') and len(one) <= 40


def test_wrong_nicknames_and_folders_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadNameError):
        Profile.open(tmp_path, INVITE, "\u202e")
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SetupError, match="cannot write"):
        Profile.open(blocked, INVITE, "Nora")
