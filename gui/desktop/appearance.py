"""Whether this system is light or dark: read once, then watched by a daemon thread.

On Linux the desktop portal (or gsettings) says when it changes; elsewhere it is looked up
every half minute. Nobody is asked where there is no session bus.
"""

import asyncio
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

log = logging.getLogger(__name__)

FIRST_S: Final = 0.2
"""How long the start may wait for the first answer; until then it is light."""
LOOK_S: Final = 30.0
_SPACE, _KEY = "org.freedesktop.appearance", "color-scheme"
_GNOME = ("org.gnome.desktop.interface", "color-scheme")
_DARK: Final = 1
"""What the portal says for "prefer dark"; 2 is light, 0 no wish."""


class Appearance:
    """The theme of the system; methods may be called by any thread."""

    def __init__(self) -> None:
        """Begin to find out."""
        self._theme = "light"
        self._known = threading.Event()
        self._closed = threading.Event()
        self._changed: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._stop: Callable[[], object] | None = None
        self._thread = threading.Thread(target=self._run, name="appearance", daemon=True)
        self._thread.start()

    @property
    def theme(self) -> str:
        """The word light or dark; waits a moment for the first answer."""
        self._known.wait(FIRST_S)
        return self._theme

    def watch(self, changed: Callable[[], None]) -> None:
        """Have ``changed`` called whenever :attr:`theme` is another one, in any thread."""
        self._changed = changed

    def close(self) -> None:
        """Stop watching."""
        with self._lock:
            self._closed.set()
            stop, self._stop = self._stop, None
        if stop is not None:
            # Its loop may have ended by itself just now.
            with suppress(RuntimeError):
                stop()
        self._thread.join(1.0)

    def _tell(self, dark: bool) -> None:
        before, self._theme = self._theme, "dark" if dark else "light"
        self._known.set()
        if before != self._theme and self._changed is not None and not self._closed.is_set():
            self._changed()

    def _stoppable(self, stop: Callable[[], object] | None) -> bool:
        """Keep what ends the present source; False if it must end now."""
        with self._lock:
            self._stop = stop
            return not self._closed.is_set()

    def _run(self) -> None:
        try:
            if sys.platform in ("win32", "darwin"):
                self._look()
            elif _session_bus() and not self._portal():
                self._gsettings()
        except Exception as error:
            # It is an ornament: without it the window is light.
            log.info("event=appearance_unknown reason=%s", type(error).__name__)
        finally:
            self._known.set()

    def _look(self) -> None:
        ask = _windows_is_dark if sys.platform == "win32" else _macos_is_dark
        while not self._closed.is_set():
            self._tell(ask())
            self._closed.wait(LOOK_S)

    def _portal(self) -> bool:
        """Watch the portal until :meth:`close`; False if there is none."""
        try:
            from dbus_fast import errors
        except ImportError:
            return False
        try:
            asyncio.run(self._watch_portal())
        except (OSError, EOFError, TimeoutError, errors.DBusError) as error:
            log.info("event=portal_silent reason=%s", type(error).__name__)
            return self._known.is_set()
        except (errors.InvalidAddressError, errors.AuthError) as error:
            log.info("event=bus_unreachable reason=%s", type(error).__name__)
        return self._known.is_set()

    async def _watch_portal(self) -> None:
        from dbus_fast.aio import MessageBus

        bus = await asyncio.wait_for(MessageBus().connect(), 5)
        try:
            await asyncio.wait_for(self._ask_portal(bus), 5)
            loop = asyncio.get_running_loop()
            if self._stoppable(lambda: loop.call_soon_threadsafe(bus.disconnect)):
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        finally:
            self._stoppable(None)
            if bus.connected:
                bus.disconnect()
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def _ask_portal(self, bus: "MessageBus") -> None:
        from dbus_fast import Message, MessageType
        from dbus_fast.errors import DBusError

        interface = "org.freedesktop.portal.Settings"

        def heard(message: "Message") -> None:
            if message.message_type is MessageType.SIGNAL and message.member == "SettingChanged":
                space, key, value = message.body
                if (space, key) == (_SPACE, _KEY):
                    self._tell(_inner(value) == _DARK)

        bus.add_message_handler(heard)
        rule = f"type='signal',interface='{interface}',member='SettingChanged'"
        for message in (
            Message(
                destination="org.freedesktop.DBus", path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus", member="AddMatch", signature="s", body=[rule],
            ),
            Message(
                destination="org.freedesktop.portal.Desktop",
                path="/org/freedesktop/portal/desktop",
                interface=interface, member="Read", signature="ss", body=[_SPACE, _KEY],
            ),
        ):  # fmt: skip
            answer = await bus.call(message)
            if answer is None or answer.message_type is MessageType.ERROR:
                raise DBusError("org.freedesktop.DBus.Error.Failed", "no settings portal")
        self._tell(_inner(answer.body[0]) == _DARK)

    def _gsettings(self) -> None:
        program = shutil.which("gsettings")
        if program is None:
            return
        said = subprocess.run(
            [program, "get", *_GNOME], capture_output=True, text=True, timeout=5, check=False
        )
        if said.returncode:
            return
        self._tell("dark" in said.stdout)
        with subprocess.Popen(
            [program, "monitor", *_GNOME], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        ) as monitor:  # fmt: skip
            try:
                if self._stoppable(monitor.terminate) and monitor.stdout is not None:
                    for line in monitor.stdout:
                        self._tell("dark" in line)
            finally:
                self._stoppable(None)
                monitor.terminate()


def _session_bus() -> bool:
    """Whether there is a session bus. Without, gsettings would start one of its own."""
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return True
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return bool(folder) and os.path.exists(os.path.join(folder, "bus"))


def _inner(value: Any) -> Any:
    """Return what variants hold, however often they are wrapped."""
    while hasattr(value, "signature") and hasattr(value, "value"):
        value = value.value
    return value


def _windows_is_dark() -> bool:
    import winreg

    place = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, place) as key:  # type: ignore[attr-defined,unused-ignore]
            value, _ = winreg.QueryValueEx(key, "AppsUseLightTheme")  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return bool(value == 0)


def _macos_is_dark() -> bool:
    done = subprocess.run(
        ["/usr/bin/defaults", "read", "-g", "AppleInterfaceStyle"],
        capture_output=True, text=True, timeout=5, check=False,
    )  # fmt: skip
    return "Dark" in done.stdout
