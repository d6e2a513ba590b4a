"""A chat server as beginners write it: a thread per client, bytes to all others by sendall."""

import socket
import sys
import threading

_clients: list[socket.socket] = []
_lock = threading.Lock()


def _serve(client: socket.socket) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with _lock:
        _clients.append(client)
    try:
        client.sendall(b"ready\n")
        while data := client.recv(65_536):
            with _lock:
                for one in _clients:
                    if one is not client:
                        one.sendall(data)
    except OSError:
        pass
    finally:
        with _lock:
            _clients.remove(client)
        client.close()


def main() -> None:
    """Serve on 127.0.0.1 until the end."""
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1_000)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=_serve, args=(client,), daemon=True).start()


if __name__ == "__main__":
    main()
