"""The real gateway, which writes down what it is told: the broker's answers, the feed, pages.

``python -m tests.integration.overheard gateway --listen HOST:PORT …`` takes the words of the real
program and appends to ``heard-PORT`` in its working folder every byte that its links to the broker
bring, as the program itself reads it. What crosses the wire is enciphered; this is what a gateway
really gets to know.
"""

import sys
from pathlib import Path

from gateway import __main__ as gateway_main
from gateway.core import Core


def heard_file(folder: Path, port: int) -> Path:
    """Where the gateway that listens at this port writes down what it hears."""
    return folder / f"heard-{port}"


def main(argv: list[str]) -> int:
    """Run the gateway; ``argv`` is ``gateway`` and its words."""
    port = int(argv[argv.index("--listen") + 1].rpartition(":")[2])
    file = heard_file(Path.cwd(), port).open("ab", buffering=0)
    fed, told, answered = Core.fed, Core.told, Core.answered

    def hear_feed(core: Core, parts: list[bytes]) -> None:
        file.write(b"".join(parts))
        fed(core, parts)

    def hear_broker(core: Core, batch: bytes) -> None:
        file.write(batch)
        told(core, batch)

    def hear_reader(core: Core, parts: list[bytes]) -> None:
        file.write(b"".join(parts))
        answered(core, parts)

    hears = {"fed": hear_feed, "told": hear_broker, "answered": hear_reader}
    for name, hear in hears.items():
        setattr(Core, name, hear)
    return gateway_main.main(argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
