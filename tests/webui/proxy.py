"""A proxy as people put before a WebUI: it takes the folder of `--subpath` off each path, and passes websockets on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

END = b"\r\n\r\n"


@contextmanager
def stripping(port: int, folder: str) -> Iterator[int]:
    """A proxy before a server on this machine.

    Args:
        port: the server's.
        folder: what is taken off, as `/sd`.
    Yields:
        the proxy's port.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    threading.Thread(target=_serve, args=(caller, port, folder), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(server.getsockname()[1])


def _serve(caller: socket.socket, port: int, folder: str) -> None:
    """One request; all but websockets are closed after their answer, so that each has a head of its own."""
    with suppress(OSError), caller, socket.create_connection(("127.0.0.1", port)) as inside:
        data = b""
        while END not in data:
            piece = caller.recv(65536)
            if not piece:
                return
            data += piece
        head, _, body = data.partition(END)
        line, *headers = head.split(b"\r\n")
        method, path, version = line.split(b" ")
        if not path.startswith(folder.encode() + b"/"):
            caller.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        if not any(each.lower().startswith(b"upgrade:") for each in headers):
            headers = [each for each in headers if not each.lower().startswith(b"connection:")]
            headers.append(b"Connection: close")
        line = b" ".join((method, path[len(folder) :], version))
        inside.sendall(b"\r\n".join((line, *headers)) + END + body)
        threading.Thread(target=_pass, args=(caller, inside), daemon=True).start()
        _pass(inside, caller)


def _pass(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
