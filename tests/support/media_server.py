"""A web server on loopback with files to attach, some of them told of wrongly."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SOUND = b"ID3" + b"\0" * 4997
FILES = {
    "/walk.mp3": (200, {"Content-Type": "audio/mpeg", "Content-Length": "5000"}),
    "/ranged.mp3": (206, {"Content-Type": "audio/mpeg", "Content-Range": "bytes 0-0/7654321", "Content-Length": "1"}),
    "/octets.m4a": (200, {"Content-Type": "application/octet-stream", "Content-Length": "5000"}),
    "/untyped.ogg": (200, {"Content-Length": "5000"}),
    "/chunked.mp3": (200, {"Content-Type": "audio/mpeg", "Transfer-Encoding": "chunked"}),
    "/stars.mp3": (206, {"Content-Type": "audio/mpeg", "Content-Range": "bytes 0-0/*", "Content-Length": "1"}),
    "/packed.mp3": (200, {"Content-Type": "audio/mpeg", "Content-Encoding": "gzip", "Content-Length": "100"}),
    "/empty.mp3": (200, {"Content-Type": "audio/mpeg", "Content-Length": "0"}),
    "/page.mp3": (200, {"Content-Type": "text/html; charset=utf-8", "Content-Length": "900"}),
    "/gone.mp3": (404, {"Content-Type": "text/html", "Content-Length": "9"}),
    "/counter/walk.mp3": (302, {"Location": "/walk.mp3", "Content-Length": "0"}),
    "/inward.mp3": (302, {"Location": "http://169.254.169.254/x.mp3", "Content-Length": "0"}),
    "/round.mp3": (302, {"Location": "/round.mp3", "Content-Length": "0"}),
    "/walk.vtt": (200, {"Content-Type": "text/vtt", "Content-Length": "60"}),
    "/walk.json": (200, {"Content-Type": "application/json+chapters", "Content-Length": "80"}),
    "/frog.png": (200, {"Content-Type": "image/png", "Content-Length": "4242"}),
    "/frog.svg": (200, {"Content-Type": "image/svg+xml", "Content-Length": "99"}),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, headers = FILES[self.path.partition("?")[0]]
        self.server.asked.append((self.path, self.headers["Range"], self.headers["Host"]))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(SOUND)
        except OSError:  # who asks hangs up after the head
            return

    def log_message(self, *_):
        pass


@contextmanager
def media_server():
    """Its address, and what it was asked: (path, Range, Host)."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked
    finally:
        server.shutdown()
        server.server_close()
