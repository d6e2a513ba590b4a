"""What the first screen asks of the program. Called in the Tk thread."""

from typing import Protocol

from gui.settings import Settings


class Joining(Protocol):
    """What the screen has tried."""

    def join(self, nick: str, link: str) -> None:
        """Begin to join."""

    def host_here(self, nick: str, port: int = 0) -> None:
        """Start a server on this machine and join it."""

    def cancel(self) -> None:
        """Give an attempt up."""


class JoinApp(Protocol):
    """What the screen needs of the program."""

    @property
    def settings(self) -> Settings:
        """What the person has chosen."""

    def change(self, changed: Settings) -> None:
        """Take other settings."""

    def switch_theme(self) -> None:
        """Go from light to dark, or back."""

    def ask_close(self) -> None:
        """Close the program."""
