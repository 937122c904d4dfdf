"""Asks a web server whether it answers, without waiting for it."""

import selectors
import socket
from contextlib import suppress

ENOUGH = len(b"HTTP/1.1 200")


class Probe:
    """One question after the other to http://127.0.0.1:`port``path`, each over its own connection.

    granian listens before its application is loaded, so a question may stay unanswered for seconds: the caller's loop goes on.
    """

    def __init__(self, selector: selectors.BaseSelector, port: int, path: str) -> None:
        """Ask nothing yet; `selector` will carry this object as the key's `data`."""
        self._selector, self._port = selector, port
        self._question = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        self._socket: socket.socket | None = None
        self.has_answer = False

    def ask(self) -> None:
        """Ask, unless a question is open."""
        if self._socket or self.has_answer:
            return
        with suppress(OSError):  # nobody listens yet
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=1)
            self._socket.sendall(self._question)
            self._selector.register(self._socket, selectors.EVENT_READ, self)

    def read(self) -> None:
        """Take the answer; one that is no server error counts."""
        answer = b""
        with suppress(OSError):
            answer = self._socket.recv(ENOUGH, socket.MSG_WAITALL) if self._socket else b""
        self.close()
        self.has_answer = answer[9:10] in {b"2", b"3", b"4"}

    def close(self) -> None:
        """Forget an open question."""
        if self._socket:
            with suppress(KeyError):
                self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None
