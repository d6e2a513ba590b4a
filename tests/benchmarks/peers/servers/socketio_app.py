"""python-socketio under uvicorn: an event "say" goes as "text" to all in one room."""

import sys

import socketio  # type: ignore[import-not-found]
import uvicorn  # type: ignore[import-not-found]

_server = socketio.AsyncServer(
    async_mode="asgi",
    ping_interval=3_600,
    ping_timeout=3_600,
    http_compression=False,
    transports=["websocket"],
)


async def _join(sid: str) -> None:
    await _server.enter_room(sid, "room")
    await _server.emit("joined", to=sid)


async def _say(sid: str, text: str) -> None:
    await _server.emit("text", text, room="room")


if __name__ == "__main__":
    _server.on("join", _join)
    _server.on("say", _say)
    uvicorn.run(
        socketio.ASGIApp(_server),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        access_log=False,
        log_level="warning",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
    )
