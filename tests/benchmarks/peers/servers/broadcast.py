"""websockets.broadcast on uvloop: what /send says goes to all on /receive."""

import asyncio
import sys

import uvloop  # type: ignore[import-not-found]
from websockets.asyncio.server import (  # type: ignore[import-not-found]
    ServerConnection,
    broadcast,
    serve,
)

_receivers: set[ServerConnection] = set()


async def _talk(connection: ServerConnection) -> None:
    if connection.request.path == "/receive":
        _receivers.add(connection)
        await connection.send("ready\n")
        try:
            await connection.wait_closed()
        finally:
            _receivers.discard(connection)
    else:
        await connection.send("ready\n")
        async for text in connection:
            broadcast(_receivers, text)


async def _main() -> None:
    port = int(sys.argv[1])
    async with serve(_talk, "127.0.0.1", port, compression=None, ping_interval=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
