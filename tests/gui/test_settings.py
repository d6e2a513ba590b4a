"""What is remembered: settings of the program, and of each server."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui import settings
from gui.chat.room import Draft, Notify, Room, Sound
from gui.memory import Memory
from gui.settings import RECENT_EMOJI_MAX, SERVERS_MAX, Server, Settings
from protocol.invite import Invite

LINK = "zviazok://127.0.0.1:8080/#" + "A" * 43
OTHER = "zviazok://127.0.0.2:8080/#" + "B" * 42 + "A"


def test_settings_come_back_as_they_were(tmp_path: Path) -> None:
    one = Settings(
        "Олена", "dark", "teal", 150, "uk", 1.5, False, False, False, False, False, 3, ("👍",)
    ).joined(LINK, "Олена", "Class")
    one = replace(one, chime="harp")
    settings.save(tmp_path, one)
    assert settings.load(tmp_path) == one
    assert (tmp_path / "gui.json").stat().st_mode & 0o077 == 0
    assert not (tmp_path / "gui.part").exists()


def test_a_folder_without_settings_gives_the_defaults(tmp_path: Path) -> None:
    assert settings.load(tmp_path) == Settings()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000, "\x00"])
def test_a_damaged_file_is_no_reason_not_to_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "gui.json").write_text(text, encoding="utf-8")
    assert settings.load(tmp_path) == Settings()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
_NAMES = sorted(name for name in Settings.__dataclass_fields__)


@given(st.dictionaries(st.sampled_from(_NAMES), _JSON))
def test_whatever_the_file_holds_every_setting_is_of_its_kind(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "gui.json").write_text(json.dumps(data), encoding="utf-8")
    got = settings.load(folder)
    assert got.theme in settings.THEMES
    assert 80 <= got.text_percent <= 200 and 0 <= got.skin_tone <= 5
    assert got.scale == 0 or 0.5 <= got.scale <= 4
    plain = Settings()
    for name in _NAMES:
        assert type(getattr(got, name)) is type(getattr(plain, name))


def test_servers_are_remembered_newest_first_and_can_be_forgotten() -> None:
    one = Settings().joined(LINK, "Olena").joined(OTHER, "Marko", "Club")
    assert one.servers == (
        Server("Club", OTHER, "Marko"),
        Server("127.0.0.1:8080", LINK, "Olena"),
    )
    again = one.joined(LINK, "Olha")
    assert [server.nick for server in again.servers] == ["Olha", "Marko"]
    assert again.forgot(OTHER).servers == again.servers[:1]


def test_of_a_link_that_let_one_in_no_token_for_some_alone_is_kept() -> None:
    standing, bare = Invite.parse(f"{LINK}.standing"), Invite.parse(LINK)
    for token in ("Counted", "L0123"):
        alone = Invite.parse(f"{LINK.replace('127.0.0.1', 'chat.example')}.{token}")
        kept = replace(alone, token=None)
        assert Settings().kept(alone) == kept
        assert Settings().joined(str(alone), "Olena").kept(alone) == kept
        assert Settings().joined(f"{OTHER}.standing", "Olena").kept(alone) == kept
        # Who came by the standing link before may pass it on as before.
        known = Settings().joined(str(standing), "Olena")
        assert known.kept(alone) == replace(alone, token="standing")
    assert Settings().joined(str(standing), "Olena").kept(bare) == standing
    assert Settings().joined(LINK, "Olena").kept(standing) == standing
    spoilt = Settings(servers=(Server("x", "no link", "z"),))
    assert spoilt.kept(bare) == bare


def test_lists_are_bounded() -> None:
    one = Settings()
    for number in range(100):
        one = one.used_emoji(chr(0x1F600 + number % 60))
    assert len(one.recent_emoji) == RECENT_EMOJI_MAX
    assert len(set(one.recent_emoji)) == RECENT_EMOJI_MAX
    many = replace(one, servers=(Server("x", "y", "z"),) * 50).joined(LINK, "Olena")
    assert len(many.servers) <= SERVERS_MAX


def test_a_room_s_memory_comes_back_also_after_it_was_left(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    room = Room(b"r" * 16, read=7, draft=Draft("so far", 3, 0), notify=Notify.NONE)
    room.sound = Sound.HARP
    memory.save([room])
    memory.save([])
    again = Room(b"r" * 16)
    Memory(tmp_path).recall(again)
    assert (again.read, again.draft, again.notify) == (7, Draft("so far", 3, 0), Notify.NONE)
    assert again.sound is Sound.HARP


def test_nothing_is_written_while_nothing_changed(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.tick([Room(b"r" * 16, read=7)], 100.0)
    assert not (tmp_path / "window.json").exists()


@given(_JSON)
def test_a_damaged_memory_is_forgotten(
    tmp_path_factory: pytest.TempPathFactory, data: object
) -> None:
    folder = tmp_path_factory.mktemp("any")
    hexed = (b"r" * 16).hex()
    (folder / "window.json").write_text(json.dumps({"rooms": {hexed: data}}), encoding="utf-8")
    room = Room(b"r" * 16)
    Memory(folder).recall(room)
    assert room.read >= -1 and isinstance(room.draft, Draft)
