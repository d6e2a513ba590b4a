"""What the broker's core asks of the process around it: sockets, blobs, files by the journal."""

from typing import Protocol


class Blobs(Protocol):
    """What is asked about blobs for every item that names one."""

    def stored(self, sha256: bytes, size: int) -> bool:
        """Whether a blob of this content and size is stored."""

    def uploaded(self, sha256: bytes, device: bytes) -> bool:
        """Whether the device with this key has sent all bytes of the blob, as far as is known."""


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
