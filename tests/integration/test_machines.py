"""One server on three machines: the broker on one, a gateway and people on each of two others."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from tests.integration import machines
from tests.integration.chat import Chat, Event
from tests.integration.machines import World
from tests.server import READY_S, Process

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(bool(machines.why_not()), reason=machines.why_not()),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return three machines with the broker running on its own, and no limit of rate."""
    with World(tmp_path, rate=0) as one:
        yield one
    assert not list(machines.namespaces_left(os.getpid()))


def wait_for_line(process: Process, words: str) -> str:
    """Wait until a process complains of something; return the line."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        for line in process.complained().splitlines():
            if words in line:
                return line
        assert process.popen.poll() is None, process.complained()
        time.sleep(0.02)
    raise AssertionError(f"{process.name} never said {words}:\n{process.complained()}")


def admit_gateway(world: World, name: str) -> Process:
    """Start a gateway that the broker does not know, and do what it asks for."""
    gateway = world.start_gateway(name)
    line = wait_for_line(gateway, "broker_refuses_this_gateway")
    assert "ready" not in gateway.printed()
    assert "'gateways'" in line
    world.admit(line.rsplit("key=", 1)[1].strip())
    assert gateway.ready()["gateway"] == world.address(name)
    return gateway


def dense(history: list[Event]) -> bool:
    return [one["seq"] for one in history] == list(range(1, len(history) + 1))


def test_a_gateway_is_let_in_by_its_line_and_no_other(world: World) -> None:
    first = world.broker.popen.pid
    north = admit_gateway(world, "north")
    assert north.complained().count("broker_refuses_this_gateway") == 1
    south = world.start_gateway("south")
    wait_for_line(south, "broker_refuses_this_gateway")
    # What is no key is skipped, and costs nobody else anything.
    world.admit("not-a-key")
    wait_for_line(world.broker, "gateways_line_skipped")
    with world.chat("north", "anna", world.link("south", "north")) as anna:
        assert anna.address == world.address("north")
        anna.say("the other machine is not let in")
    assert not south.printed()
    assert world.broker.popen.pid == first


def test_people_on_two_machines_talk(world: World, tmp_path: Path) -> None:
    admit_gateway(world, "north")
    admit_gateway(world, "south")
    link = world.link("north", "south")
    swapped = world.link("south", "north")
    with ExitStack() as people:
        anna = people.enter_context(world.chat("north", "Анна", link))
        boris = people.enter_context(world.chat("south", "Boris", swapped))
        vera = people.enter_context(world.chat("south", "Véra", swapped))
        assert anna.address == world.address("north")
        assert boris.address == vera.address == world.address("south")
        # Messages, in one order everywhere.
        anna.say("Привіт з півночі")
        boris.say("Hello from the south\n👩‍👩‍👧")
        for one in (anna, boris, vera):
            one.hear("general", "Привіт з півночі", "Hello from the south\n👩‍👩‍👧")
        assert anna.rooms["general"].texts == boris.rooms["general"].texts
        # Presence.
        answer = anna.ask(people=True)
        assert {one["nick"]: one["online"] for one in answer["people"]} == {
            "Анна": True,
            "Boris": True,
            "Véra": True,
        }
        # A direct message, which the third sees nothing of.
        acked = anna.say("only for you", to="Boris")
        direct = acked["room_id"]
        boris.hear(direct, "only for you")
        boris.say("and for you", room=direct)
        anna.hear(direct, "and for you")
        anna.say("and now all")
        vera.hear("general", "and now all")
        assert direct not in vera.rooms
        assert not any("only for you" in str(event) for event in vera.events)
        # A picture.
        pictures_cross(anna, boris, tmp_path)
        # Who goes is seen to go.
        assert vera.close() == 0
        anna.until(lambda: is_away(anna, "Véra"))


def is_away(one: Chat, nick: str) -> bool:
    lists = [event["people"] for event in one.events if event["event"] == "people"]
    return any(one["nick"] == nick and not one["online"] for one in lists[-1])


def pictures_cross(anna: Chat, boris: Chat, folder: Path) -> None:
    """Send a picture from one, fetch it at the other, and compare the bytes."""
    path = folder / "Фото.png"
    Image.frombytes("RGB", (300, 200), os.urandom(300 * 200 * 3)).save(path)
    acked = anna.ask(image=str(path), caption="look")
    assert acked["event"] == "acked", acked
    boris.until(lambda: any(one["event"] == "image" for one in boris.rooms["general"].messages))
    event = next(one for one in boris.rooms["general"].messages if one["event"] == "image")
    data = path.read_bytes()
    assert event["sha256"] == hashlib.sha256(data).hexdigest()
    assert (event["width"], event["height"], event["size"]) == (300, 200, len(data))
    assert (event["name"], event["caption"]) == ("Фото.png", "look")
    wanted = {"room": "general", "sha256": event["sha256"], "size": event["size"]}
    fetched = boris.ask(fetch=wanted)
    assert fetched["event"] == "fetched", fetched
    assert Path(fetched["path"]).read_bytes() == data


def test_people_move_when_their_gateway_dies(world: World) -> None:
    north = admit_gateway(world, "north")
    admit_gateway(world, "south")
    both = world.link("north", "south")
    with ExitStack() as people:
        # What Anna's link does not name she learns from WELCOME.
        anna = people.enter_context(world.chat("north", "anna", world.link("north")))
        boris = people.enter_context(world.chat("north", "boris", both))
        vera = people.enter_context(world.chat("south", "vera", world.link("south", "north")))
        everybody = (anna, boris, vera)
        for one in everybody:
            assert one.ask(join="work")["event"] == "done"
        direct = anna.say("just us", to="boris")["room_id"]
        boris.hear(direct, "just us")

        def talk(start: int, stop: int) -> dict[Chat, list[int]]:
            sent: dict[Chat, list[int]] = {one: [] for one in everybody}
            for number in range(start, stop):
                for one in everybody:
                    text = f"{one.nick} {number}"
                    sent[one].append(one.command(send=text, room="work"))
            return sent

        def acked(sent: dict[Chat, list[int]]) -> bool:
            return all(number in one.answers for one in sent for number in sent[one])

        first = talk(0, 100)
        anna.until(lambda: sum(number in anna.answers for number in first[anna]) >= 10)
        north.kill()
        second = talk(100, 200)
        for one in everybody:
            one.until(lambda: acked(first) and acked(second))
            one.until(lambda one=one: one.address == world.address("south") and one.online)  # type: ignore[misc]
        anna.say("still just us", room=direct)
        boris.hear(direct, "still just us")
        said = {f"{one.nick} {number}" for one in everybody for number in range(200)}
        for one in everybody:
            one.hear("work", *said)
        histories = [one.history("work") for one in everybody]
        facts = [[(one["seq"], one["nick"], one.get("text")) for one in h] for h in histories]
        assert facts[0] == facts[1] == facts[2]
        assert all(dense(history) for history in histories)
        texts = [one["text"] for one in histories[0] if one["event"] == "text"]
        assert len(texts) == len(said) == len(set(texts))
        for one in everybody:
            mine = [text for text in texts if text.startswith(one.nick)]
            assert mine == [f"{one.nick} {number}" for number in range(200)]
            seqs = one.rooms["work"].seqs
            assert seqs == list(range(seqs[0], seqs[-1] + 1)), "shown twice, or not in order"
            for sent in (first, second):
                places = [one.answers[number]["seq"] for number in sent[one]]
                assert [histories[0][seq - 1]["nick"] for seq in places] == [one.nick] * 100
        assert [one["text"] for one in anna.history(direct)] == ["just us", "still just us"]


def test_a_gateway_hears_only_the_rooms_of_its_people(world: World) -> None:
    admit_gateway(world, "north")
    admit_gateway(world, "south")
    words = "ы" * 4_000
    with ExitStack() as people:
        anna = people.enter_context(world.chat("north", "anna", world.link("north")))
        boris = people.enter_context(world.chat("north", "boris", world.link("north")))
        vera = people.enter_context(world.chat("south", "vera", world.link("south")))
        for one in (anna, boris):
            assert one.ask(join="attic")["event"] == "done"

        def flood(room: str, listener: Chat) -> int:
            """Say much in a room; return the bytes that the south received meanwhile."""
            before = world.machines["south"].received_bytes()
            for number in range(150):
                anna.command(send=f"{number} {words}", room=room)
            anna.say(f"the end of {room}", room=room)
            listener.hear(room, f"the end of {room}")
            # A message in a room of hers is behind all that was sent to the south before it.
            anna.say(f"after {room}")
            vera.hear("general", f"after {room}")
            return world.machines["south"].received_bytes() - before

        much = 150 * len(words.encode())
        assert flood("attic", boris) < much / 10
        assert flood("general", vera) > much
        # Once somebody there enters the room, its gateway hears it, and no longer than that.
        assert vera.ask(join="attic")["event"] == "done"
        assert flood("attic", vera) > much
        assert vera.ask(leave="attic")["event"] == "done"
        assert flood("attic", boris) < much / 10
