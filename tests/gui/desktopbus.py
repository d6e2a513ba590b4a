"""A session bus of the tests' own, with a notification service and a settings portal on it."""

import asyncio
import subprocess
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from dbus_fast import Message, MessageType, RequestNameReply, Variant
from dbus_fast.aio import MessageBus

T = TypeVar("T")
_CONFIG = """<busconfig>
<type>session</type><listen>unix:dir={folder}</listen><auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>
"""
_NOTIFICATIONS = """<node><interface name="org.freedesktop.Notifications">
<method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/>
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
<arg type="as" direction="in"/><arg type="a{sv}" direction="in"/><arg type="i" direction="in"/>
<arg type="u" direction="out"/></method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/>
<arg type="s" direction="out"/><arg type="s" direction="out"/></method>
<signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
<signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
</interface></node>"""


class SessionBus:
    """A dbus-daemon; ``address`` is for DBUS_SESSION_BUS_ADDRESS."""

    def __init__(self, folder: Path) -> None:
        config = folder / "bus.conf"
        config.write_text(_CONFIG.format(folder=folder))
        self._process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        assert self.address, "dbus-daemon did not start"

    def __enter__(self) -> "SessionBus":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """End it; everybody on it is disconnected."""
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()


class Service:
    """Answers method calls on a bus, in a thread of its own."""

    NAME = ""

    def __init__(self, address: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._bus: MessageBus = self._do(lambda: self._start(address))

    def _do(self, work: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _start(self, address: str) -> MessageBus:
        bus = await MessageBus(address).connect()
        bus.add_message_handler(self._handle)
        assert await bus.request_name(self.NAME) is RequestNameReply.PRIMARY_OWNER
        return bus

    def _handle(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        answer = self.answer(message.member or "", message.body)
        if answer is None:
            return None
        return Message.new_method_return(message, *answer)

    def answer(self, member: str, body: list[Any]) -> tuple[str, list[Any]] | None:
        """Return signature and values for a call, or None if it is not ours."""
        raise NotImplementedError

    def signal(self, path: str, interface: str, member: str, kinds: str, body: list[Any]) -> None:
        """Tell everybody."""

        async def tell() -> None:
            await self._bus.send(Message.new_signal(path, interface, member, kinds, body))

        self._do(tell)

    def close(self) -> None:
        async def leave() -> None:
            if self._bus.connected:
                self._bus.disconnect()
                await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

        self._do(leave)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


class Notifications(Service):
    """Records what it is given: ``shown`` has (id, title, body), ``closed`` ids."""

    NAME = "org.freedesktop.Notifications"

    def __init__(self, address: str) -> None:
        self.shown: list[tuple[int, str, str]] = []
        self.closed: list[int] = []
        self.calls: list[list[Any]] = []
        super().__init__(address)

    def answer(self, member: str, body: list[Any]) -> tuple[str, list[Any]] | None:
        match member:
            case "Introspect":
                return "s", [_NOTIFICATIONS]
            case "GetServerInformation":
                return "ssss", ["tests", "tests", "1", "1.2"]
            case "GetCapabilities":
                return "as", [["body", "actions", "body-markup"]]
            case "Notify":
                self.calls.append(body)
                self.shown.append((len(self.shown) + 1, body[3], body[4]))
                return "u", [len(self.shown)]
            case "CloseNotification":
                self.closed.append(body[0])
                return "", []
        return None

    def click(self, which: int) -> None:
        """Click on a notification, as somebody would."""
        place = "/org/freedesktop/Notifications"
        self.signal(place, self.NAME, "ActionInvoked", "us", [which, "default"])
        self.signal(place, self.NAME, "NotificationClosed", "uu", [which, 2])

    def dismiss(self, which: int) -> None:
        """Close a notification, as somebody would."""
        place = "/org/freedesktop/Notifications"
        self.signal(place, self.NAME, "NotificationClosed", "uu", [which, 2])


class Portal(Service):
    """Says whether the desktop is dark."""

    NAME = "org.freedesktop.portal.Desktop"

    def __init__(self, address: str, scheme: int) -> None:
        self._scheme = scheme
        super().__init__(address)

    def answer(self, member: str, body: list[Any]) -> tuple[str, list[Any]] | None:
        if member == "Read" and body == ["org.freedesktop.appearance", "color-scheme"]:
            return "v", [Variant("v", Variant("u", self._scheme))]
        return None

    def change(self, scheme: int, key: str = "color-scheme") -> None:
        """Switch the desktop."""
        self._scheme = scheme
        self.signal(
            "/org/freedesktop/portal/desktop",
            "org.freedesktop.portal.Settings",
            "SettingChanged",
            "ssv",
            ["org.freedesktop.appearance", key, Variant("u", scheme)],
        )
