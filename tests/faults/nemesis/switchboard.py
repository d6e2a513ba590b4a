"""The process of the fault proxy: takes commands, and has the relay carry them out.

``python -m tests.faults.nemesis.switchboard`` reads commands from stdin, one JSON object a line,
and answers each with one line on stdout; ``proxy.py`` is the other end. It ends when its stdin
does. One thread reads stdin; the event loop's thread owns all the rest.
"""

import asyncio
import json
import os
import random
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import fields
from typing import Any

from tests.faults.nemesis.relay import DIRECTIONS, Link, Route, Weather


class Switchboard:
    """All links, and the commands: every method ``do_…`` is one."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}

    async def answer(self, line: str) -> dict[str, Any]:
        """Carry a command out and return the answer."""
        try:
            command = json.loads(line)
            link = self._links.setdefault(command.pop("link"), Link())
            found = await getattr(self, "do_" + command.pop("do"))(link, **command)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}
        return {"ok": found}

    async def do_open(self, link: Link, port: int, target: int, buffer_bytes: int) -> None:
        route = Route(link, port, target, buffer_bytes)
        await route.listen(True)
        link.routes.append(route)

    async def do_forget(self, link: Link) -> None:
        """Close all routes of a link: not all of its ports were free."""
        await link.refuse(True)
        link.routes.clear()
        link.refusing = False

    async def do_weather(self, link: Link, direction: str, **settings: float) -> None:
        for one in DIRECTIONS if direction == "both" else (direction,):
            weather = getattr(link, one)
            for name, value in settings.items():
                setattr(weather, name, value)
        link.pump()

    async def do_reset(self, link: Link) -> None:
        link.reset()

    async def do_refuse(self, link: Link) -> None:
        await link.refuse(True)

    async def do_cut(self, link: Link, direction: str, most: int, least: int, reset: bool) -> None:
        for pair in link.pairs:
            pair.pipes[DIRECTIONS.index(direction)].cut(random.randint(least, most), reset)

    async def do_half_close(self, link: Link, direction: str) -> None:
        for pair in list(link.pairs):
            pair.pipes[DIRECTIONS.index(direction)].half_close()

    async def do_cut_handshakes(self, link: Link, most: int) -> None:
        link.handshake_bytes = most

    async def do_flap(self, link: Link, period_ms: float, reset: bool) -> None:
        link.flapping = asyncio.get_running_loop().create_task(self._flap(link, period_ms, reset))

    async def _flap(self, link: Link, period_ms: float, reset: bool) -> None:
        down = True
        while True:
            if reset:
                await link.refuse(down)
                link.reset()
            else:
                await self.do_weather(link, "both", frozen=down)
            down = not down
            await asyncio.sleep(period_ms / 1_000)

    async def do_heal(self, link: Link) -> None:
        if link.flapping is not None:
            link.flapping.cancel()
            with suppress(asyncio.CancelledError):
                await link.flapping
            link.flapping = None
        link.handshake_bytes = 0
        for pair in link.pairs:
            for pipe in pair.pipes:
                pipe.cut(None)
        fair = Weather()
        await self.do_weather(link, "both", **{f.name: getattr(fair, f.name) for f in fields(fair)})
        await link.refuse(False)

    async def do_counters(self, link: Link) -> dict[str, int]:
        held = sum(pipe.held_bytes for pair in link.pairs for pipe in pair.pipes)
        return {**link.counters, "open": len(link.pairs), "held": held}


async def _serve(board: Switchboard) -> None:
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        os._exit(0)

    threading.Thread(target=read, name="commands", daemon=True).start()
    while True:
        print(json.dumps(await board.answer(await lines.get())), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # at Ctrl+C it ends with those that it serves
    asyncio.run(_serve(Switchboard()))
