"""Resolves server names and remembers the answers for a while, since asking blocks."""

import socket
import time

KEPT_SECONDS = 300

SocketAddress = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]


class Names:
    """The addresses of hosts. All of one host are tried in turn (RFC 5321 5.1)."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[float, list[SocketAddress]]] = {}

    def resolve(self, host: str, port: int) -> list[SocketAddress]:
        """At least one address. Raises OSError when the name is unknown or nobody answers."""
        asked_at, found = self._known.get((host, port), (0.0, []))
        if not found or time.monotonic() - asked_at > KEPT_SECONDS:
            found = [(family, address) for family, *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
            self._known[host, port] = (time.monotonic(), found)
        return found

    def forget(self, host: str, port: int) -> None:
        """Ask again next time: none of the addresses answered."""
        self._known.pop((host, port), None)
