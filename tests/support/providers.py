"""A mail provider's HTTP API on this machine, which answers as a test tells it: Postmark's and Resend's forms."""

import contextlib
import json
import socket
import struct
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG, CUT = "hang", "cut"  # read the whole request, then say nothing, or close the connection


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    path: str
    headers: dict[str, str]  # names in lower case
    told: dict
    port: int  # of the client: the same for requests over one connection


@dataclass
class Said:
    """What it gets."""

    status: int
    body: object
    headers: dict[str, str] = field(default_factory=dict)


class FakeProvider:
    """Takes what it is not told to refuse; with a repeated Idempotency-Key it gives the first answer again, as Resend does."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.taken: list[dict] = []
        self.kept: dict[str, str] = {}
        self.script: deque[Said | str] = deque()
        self.released = threading.Event()
        self._lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"

    def answer(self, status: int, body: object = None, **headers: str) -> None:
        """What the next request without an answer gets; `headers` with _ for -."""
        self.script.append(Said(status, body or {}, {name.replace("_", "-"): value for name, value in headers.items()}))

    def misbehave(self, how: str, *, takes: bool = False) -> None:
        """The next request is read and gets no answer; `takes`: its message is taken all the same."""
        self.script.append(f"{how} takes" if takes else how)

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.thread.join(5)
        self.server.server_close()

    def take(self, request: Request) -> Said:
        key = request.headers.get("idempotency-key", "")
        with self._lock:
            if key not in self.kept:
                self.kept[key or f"no key {len(self.kept)}"] = name = f"0b8e3d1a-{len(self.taken):04}-4c1e-9f00-1234567890ab"
                self.taken.append(request.told)
            else:
                name = self.kept[key]
        if request.path.endswith("/emails"):
            return Said(200, {"id": name})
        return Said(200, {"To": request.told["To"], "MessageID": name, "ErrorCode": 0, "Message": "OK"})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.path, headers, told, self.client_address[1])
                provider.requests.append(request)
                said = provider.script.popleft() if provider.script else provider.take(request)
                if isinstance(said, str):
                    if said.endswith("takes"):
                        provider.take(request)
                    if said.startswith(HANG):
                        provider.released.wait(60)
                    self.close_connection = True
                    return
                body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
                self.send_response(said.status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **said.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class Deaf:
    """Accepts a connection, reads a little, and resets it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                client.recv(1000)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
