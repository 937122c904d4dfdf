"""A subscriber's callbacks on loopback, real sockets; each path misbehaves in its own way."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

PATIENCE_SECONDS = 20
GIGABYTE = 1_000_000_000


@dataclass
class Came:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def asked(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()}


@dataclass
class CallbackServer:
    """`came` is what was asked, in the order in which it came. `tls`: a server's context."""

    tls: object = None
    came: list[Came] = field(default_factory=list)
    sent_bytes: int = 0

    def __post_init__(self):
        self._listener = socket.create_server(("", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._news = threading.Condition()
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self.at_once = self.most_at_once = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path="/ok", host="127.0.0.1"):
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def posts(self, path=None):
        with self._news:
            return [one for one in self.came if one.method == "POST" and path in {None, urlsplit(one.target).path}]

    def gets(self):
        with self._news:
            return [one for one in self.came if one.method == "GET"]

    def close(self):
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        number = 0
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                number += 1
                threading.Thread(target=self._serve, args=[connection, number], daemon=True).start()

    def _serve(self, plain, number):
        self._open.add(plain)
        with suppress(OSError, ValueError), plain:
            connection = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
            with connection, connection.makefile("rb") as reader:
                while self._answer(connection, reader, number):
                    pass
        self._open.discard(plain)

    def _answer(self, connection, reader, number):
        """One exchange; whether another may follow on the connection."""
        line = reader.readline().decode()
        if not line:
            return False
        method, target, _ = line.split(" ", 2)
        headers = {}
        while (line := reader.readline().decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        path = urlsplit(target).path
        body = self._body(path, reader, int(headers.get("content-length", 0)))
        one = Came(method, target, headers, body, number)
        with self._news:
            self.came.append(one)
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
            self._news.notify_all()
        try:
            act = getattr(self, f"_{path.strip('/').partition('/')[0].replace('-', '_')}", self._ok)
            return act(connection, one)
        finally:
            with self._news:
                self.at_once -= 1

    @staticmethod
    def _body(path, reader, length):
        if path == "/count":  # read, and not kept
            while length:
                length -= len(reader.read(min(length, 65536)))
        return b"" if path == "/unread" else reader.read(length)

    def _say(self, connection, status, body=b"", extra=""):
        connection.sendall(f"HTTP/1.1 {status} Any\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body)
        return True

    def _ok(self, connection, one):
        return self._say(connection, 200, one.asked.get("hub.challenge", "").encode())

    def _chunked(self, connection, one):
        challenge = one.asked.get("hub.challenge", "")
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (challenge[:5], challenge[5:]):
            if piece:
                connection.sendall(f"{len(piece):x};x=y\r\n{piece}\r\n".encode())
        connection.sendall(b"0\r\n\r\n")
        return True

    def _old(self, connection, one):
        """HTTP/1.0: the body ends with the connection."""
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + one.asked.get("hub.challenge", "").encode())
        return False

    def _interim(self, connection, one):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        return self._ok(connection, one)

    def _wrong(self, connection, one):
        return self._say(connection, 200, one.asked.get("hub.challenge", "").encode() + b"\n")

    def _refuse(self, connection, one):
        return self._say(connection, 404, one.asked.get("hub.challenge", "").encode())

    def _gone(self, connection, one):
        return self._ok(connection, one) if one.method == "GET" else self._say(connection, 410)

    def _fail(self, connection, one):
        return self._ok(connection, one) if one.method == "GET" else self._say(connection, 500)

    def _busy(self, connection, one):
        return self._ok(connection, one) if one.method == "GET" else self._say(connection, 503, b"", "Retry-After: 7200\r\n")

    def _redirect(self, connection, one):
        return self._say(connection, 307, b"", f"Location: {self.url('/ok')}\r\n")

    def _hang(self, connection, one):
        self._over.wait(PATIENCE_SECONDS)
        return False

    def _drip(self, connection, one):
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: " + b"y" * 10_000:
            connection.sendall(bytes([byte]))
            if self._over.wait(0.02):
                break
        return False

    def _gigabyte(self, connection, one):
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {GIGABYTE}\r\n\r\n".encode())
        return self._pour(connection, b"a" * 65536)

    def _endless(self, connection, one):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        return self._pour(connection, b"10000\r\n" + b"a" * 65536 + b"\r\n")

    def _long_head(self, connection, one):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        return self._pour(connection, b"X-More: " + b"y" * 60_000 + b"\r\n")

    def _pour(self, connection, piece):
        for _ in range(GIGABYTE // len(piece)):
            connection.sendall(piece)
            self.sent_bytes += len(piece)
        return False

    def _nonsense(self, connection, one):
        connection.sendall(b"220 mail.example.org ESMTP\r\n\r\n")
        return False

    def _shut(self, connection, one):
        return False

    def _unread(self, connection, one):
        """Answers without reading what is sent, and ends."""
        self._say(connection, 410)
        return False
