"""What the broker's core asks of the process around it: sockets, and files beside the journal."""

from typing import Protocol


class Outside(Protocol):
    """What the core needs of the process around it."""

    def send(self, route: bytes, data: bytes) -> bool:
        """Send a batch to a gateway by ingress; False: it cannot be reached."""

    def publish(self, parts: list[bytes]) -> None:
        """Publish ``[topic, header, payload]`` by egress."""

    def note_addresses(self, addresses: list[str]) -> None:
        """Remember where the gateways listen now."""

    def note_heads(self, heads: dict[bytes, int]) -> None:
        """Note beside the journal how far these rooms are stored, before anybody is told."""
