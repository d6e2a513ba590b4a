"""Files on their way out: what is sent of them, and what the end of the program leaves."""

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from protocol.client.documents import prepare_document
from protocol.client.happenings import Failed, Progress, Resumed
from protocol.client.operations import Apply, PutMe, PutRoom, UploadRow
from protocol.client.parcels import HELD_MAX
from protocol.client.profile import Profile
from protocol.client.store import Store
from protocol.codes import EventKind, RoomKind
from protocol.errors import SetupError
from protocol.invite import Invite
from protocol.items import encode_item
from protocol.keys import make
from protocol.limits import BLOB_MAX_BYTES
from tests.protocol.client.test_client import Person
from tests.protocol.client.test_pictures import noise

ROOM = b"r" * 16
Make = Callable[[], Person]


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("notes.txt", "text/plain"),
        ("Звіт за рік.PDF", "application/pdf"),
        ("data.tar.gz", "application/octet-stream"),
        ("noname", "application/octet-stream"),
        (".hidden", "application/octet-stream"),
        ("x.exe", "application/octet-stream"),
        ("evil\u202efdp.exe", "application/octet-stream"),
    ],
)
def test_a_file_is_sent_as_it_is_with_a_harmless_name(
    tmp_path: Path, name: str, media: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"content")
    document = prepare_document(path)
    body = document.body("look")
    encode_item(EventKind.FILE, body)
    assert body["sha256"] == hashlib.sha256(b"content").digest() and body["size"] == 7
    assert (document.data, document.name.isprintable()) == (b"content", True)
    if name != "x.exe":  # Python's list differs by version
        assert document.media == media
    assert "caption" not in document.body("")


def test_what_cannot_be_sent_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(bytes(BLOB_MAX_BYTES + 1))
    os.mkfifo(tmp_path / "pipe")
    wanted = {"empty": "is empty", "large": "10 MB", "pipe": "not a file", "none": "cannot be read"}
    for name, text in wanted.items():
        with pytest.raises(SetupError, match=text):
            prepare_document(tmp_path / name)


@pytest.fixture
def person(tmp_path: Path, free_port: int) -> Iterator[Make]:
    """Somebody who was in a room of a server that does not answer any more."""
    made: list[Person] = []
    invite = Invite((f"127.0.0.1:{free_port}",), make().public, "t" * 22)
    profile = Profile.open(tmp_path / "profiles", invite, "Nora")
    store = Store(profile.store_path)
    epoch = b"E" * 16
    store.apply(
        [
            PutMe(b"p" * 8, "Nora", "school"),
            PutRoom(ROOM, RoomKind.OPEN, "general", (), epoch, 0),
            Apply(ROOM, epoch, (), 0, 0, 0),
        ]
    )
    store.close()
    profile.close()

    def start() -> Person:
        made.append(Person(tmp_path / "profiles", invite, "Nora"))
        return made[-1]

    yield start
    for one in made:
        if one.client._thread.is_alive():
            one.stop()


def uploads(who: Person) -> tuple[UploadRow, ...]:
    store = Store(who.profile.store_path)
    try:
        return store.snapshot().uploads
    finally:
        store.close()


def test_what_the_end_of_the_program_cut_off_goes_on(person: Make, tmp_path: Path) -> None:
    files: dict[str, Callable[[Person, Path], int]] = {
        "notes.txt": lambda who, path: who.client.send_file(ROOM, path, "read", 7),
        "cat.png": lambda who, path: who.client.send_image(ROOM, path, "look", 8, True),
        "gone.txt": lambda who, path: who.client.send_file(ROOM, path),
        "changed.txt": lambda who, path: who.client.send_file(ROOM, path),
        "cancelled.txt": lambda who, path: who.client.send_file(ROOM, path),
    }
    nora = person()
    requests = {}
    for name, send in files.items():
        path = tmp_path / name
        if name == "cat.png":
            noise(50, 50).save(path)
        else:
            path.write_text(name)
        requests[name] = send(nora, path)
        progress = nora.wait(Progress, lambda one: one.up)
        assert (progress.request, progress.done) == (requests[name], 0)
    nora.client.cancel(requests["cancelled.txt"])
    nora.wait(Failed, lambda one: one.request == requests["cancelled.txt"])
    nora.stop()
    found = {Path(row.path).name: row for row in uploads(nora)}
    assert list(found) == ["notes.txt", "cat.png", "gone.txt", "changed.txt"]
    assert (found["notes.txt"].caption, found["notes.txt"].reply) == ("read", 7)
    assert found["cat.png"].shrink and found["cat.png"].kind == EventKind.IMAGE
    (tmp_path / "gone.txt").unlink()
    (tmp_path / "changed.txt").write_text("another one")

    again = person()
    resumed: dict[str, Resumed] = {}
    for name in found:
        one = again.wait(Resumed)
        assert (one.name, one.room, one.kind) == (name, ROOM, found[name].kind)
        resumed[name] = one
    wanted = {resumed["gone.txt"].request, resumed["changed.txt"].request}
    seen: dict[int, Any] = {}
    while len(seen) < 4:
        again.wait(Progress if len(seen) < 2 else Failed)
        seen |= {one.request: one for one in again.of(Progress)}
        seen |= {one.request: one for one in again.of(Failed)}
    assert {request for request, one in seen.items() if isinstance(one, Failed)} == wanted
    assert all("changed" in one.text for one in again.of(Failed))
    again.stop()
    assert [Path(row.path).name for row in uploads(again)] == ["notes.txt", "cat.png"]
    assert uploads(again)[0].number == found["notes.txt"].number


def is_about(request: int, one: Progress) -> bool:
    return one.request == request


def test_only_some_files_are_in_memory_and_none_is_forgotten(person: Make, tmp_path: Path) -> None:
    nora = person()
    names = [f"{number}.txt" for number in range(HELD_MAX + 3)]
    requests = []
    for name in names:
        (tmp_path / name).write_text(name)
        requests.append(nora.client.send_file(ROOM, tmp_path / name))
    for request in requests[:HELD_MAX]:
        nora.wait(Progress, partial(is_about, request))
    nora.client.cancel(requests[-1])  # it waits
    nora.wait(Failed, lambda one: one.request == requests[-1])
    assert {one.request for one in nora.of(Progress)} == set(requests[:HELD_MAX])
    nora.client.cancel(requests[0])  # one that is held: the next one's turn comes
    nora.wait(Progress, lambda one: one.request == requests[HELD_MAX])
    nora.stop()
    assert sorted(Path(row.path).name for row in uploads(nora)) == sorted(names[1:-1])


def test_a_file_that_cannot_be_read_leaves_nothing(person: Make, tmp_path: Path) -> None:
    nora = person()
    (tmp_path / "text.png").write_text("no picture")
    requests = [
        nora.client.send_file(ROOM, tmp_path / "none.txt"),
        nora.client.send_image(ROOM, tmp_path / "text.png"),
        nora.client.send_file(ROOM, Path("nul\0byte")),
    ]
    for request in requests:
        assert nora.wait(Failed).request == request
    nora.stop()
    assert uploads(nora) == ()


def test_a_name_or_a_caption_that_is_no_unicode_costs_no_connection(
    person: Make, tmp_path: Path
) -> None:
    nora = person()
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    path.write_bytes(b"content")
    sent = nora.client.send_file(ROOM, path)
    assert nora.wait(Progress, lambda one: one.request == sent).total == 7
    half = nora.client.send_file(ROOM, path, "half \ud83d")
    assert "Unicode" in nora.wait(Failed, lambda one: one.request == half).text
    nora.stop()
    assert [row.path for row in uploads(nora)] == [str(path)]
    again = person()
    assert again.wait(Resumed).name == "caf_.txt"
