"""Owns a SOCKS5 proxy on the loopback interface that leads every name to this machine."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Socks"]

_NO_LOGIN = b"\x05\x00"
_NAME = 3


class Socks:
    """A proxy on a free port; use it in a ``with`` statement. ``asked`` are the hosts that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        with client:
            _, methods = client.recv(2)
            client.recv(methods)
            client.sendall(_NO_LOGIN)
            *_, kind = client.recv(4)
            host = client.recv(client.recv(1)[0]).decode() if kind == _NAME else socket.inet_ntoa(client.recv(4))
            (port,) = struct.unpack(">H", client.recv(2))
            self.asked.append(host)
            with socket.create_connection(("127.0.0.1", port)) as hub:
                client.sendall(b"\x05\x00\x00\x01" + bytes(6))
                back = threading.Thread(target=_copy, args=(hub, client), daemon=True)
                back.start()
                _copy(client, hub)
                back.join()


def _copy(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(1 << 16):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        return
