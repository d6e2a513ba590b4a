"""uWebSockets by socketify: what /send says is published to all on /receive."""

import sys
from typing import Any

from socketify import App, AppListenOptions, OpCode  # type: ignore[import-not-found]


def main() -> None:
    """Serve on 127.0.0.1 until the end."""
    app = App()
    said_now: list[tuple[Any, OpCode]] = []

    def come(response: Any, request: Any, context: Any) -> None:
        key = request.get_header("sec-websocket-key")
        protocol = request.get_header("sec-websocket-protocol")
        extensions = request.get_header("sec-websocket-extensions")
        receives = request.get_url() == "/receive"
        response.upgrade(key, protocol, extensions, context, receives)

    def opened(connection: Any) -> None:
        if connection.get_user_data():
            connection.subscribe("room")
        connection.send("ready\n", OpCode.TEXT)

    def said(connection: Any, text: Any, code: OpCode) -> None:
        said_now.append((text, code))

    def before_waiting(_: Any) -> None:
        for text, code in said_now:
            app.publish("room", text, code)
        said_now.clear()

    app.ws(
        "/*",
        {
            "compression": 0,
            "idle_timeout": 0,
            "max_backpressure": 64 * 1024 * 1024,
            "upgrade": come,
            "open": opened,
            "message": said,
        },
    )
    app.listen(AppListenOptions(port=int(sys.argv[1]), host="127.0.0.1"))
    # Published from a handler, uWebSockets sends every message by itself as soon as more than 32
    # come in one read, because the handler's own connection holds the one buffer in which it joins
    # them. Published between two turns of the loop they are joined, far cheaper in a burst.
    app.loop.uv_loop.on_prepare(before_waiting, None)
    # Not app.run(): its asyncio loop polls libuv without a pause after every message, a whole core
    # at 100 messages a second. libuv's own loop waits, and shows what uWebSockets itself costs.
    app.loop.uv_loop.run()


if __name__ == "__main__":
    main()
