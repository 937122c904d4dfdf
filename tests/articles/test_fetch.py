"""Fetching a page, from a real server on loopback."""

import gzip
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from syndication.articles.decoding import LARGEST_SOURCE
from syndication.articles.errors import BadSource
from syndication.articles.fetch import fetch
from syndication.articles.public_addresses import is_public

PAGE = b"<article><h1>Here</h1><p>Words.</p></article>"
LOOPBACK = {"127.0.0.1"}
ANSWERS = {
    "/page": (200, {"Content-Type": "text/html; charset=iso-8859-1"}, PAGE),
    "/plain": (200, {"Content-Type": "text/plain"}, b"Words."),
    "/notes": (200, {"Content-Type": "text/markdown"}, b"# Words"),
    "/gzip": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(PAGE)),
    "/deflate": (200, {"Content-Type": "text/html", "Content-Encoding": "deflate"}, zlib.compress(PAGE)),
    "/raw-deflate": (200, {"Content-Type": "text/html", "Content-Encoding": "deflate"}, zlib.compress(PAGE, wbits=-15)),
    "/cut-gzip": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(PAGE)[:-12]),
    "/bomb": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(b"a" * 40_000_000)),
    "/brotli": (200, {"Content-Type": "text/html", "Content-Encoding": "br"}, b"x"),
    "/huge": (200, {"Content-Type": "text/html", "Content-Length": "50000000"}, b"x"),
    "/short": (200, {"Content-Type": "text/html", "Content-Length": "500"}, b"x"),
    "/picture": (200, {"Content-Type": "image/png"}, b"x"),
    "/untyped": (200, {}, b"x"),
    "/gone": (404, {"Content-Type": "text/html"}, b"no"),
    "/moved": (302, {"Location": "/page"}, b""),
    "/round": (302, {"Location": "/round"}, b""),
    "/inward": (302, {"Location": "http://169.254.169.254/latest/meta-data"}, b""),
    "/file": (302, {"Location": "file:///etc/passwd"}, b""),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            self._drip()
            return
        status, headers, body = ANSWERS[self.path.partition("?")[0]]
        self.server.hosts.append(self.headers["Host"])
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self):
        try:
            for _ in range(100):
                self.wfile.write(b"H")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    running.hosts = []
    running.url = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def test_a_page_comes_with_its_kind_and_encoding(server):
    source = fetch(f"{server.url}/page", allowed_addresses=LOOPBACK)
    assert (source.content, source.kind, source.encoding, source.url) == (PAGE, "html", "iso-8859-1", f"{server.url}/page")


@pytest.mark.parametrize(("path", "kind"), [("/plain", "text"), ("/notes", "markdown")])
def test_text_and_markdown_are_taken_too(server, path, kind):
    assert fetch(server.url + path, allowed_addresses=LOOPBACK).kind == kind


@pytest.mark.parametrize("path", ["/gzip", "/deflate", "/raw-deflate"])
def test_a_packed_page_is_unpacked(server, path):
    assert fetch(server.url + path, allowed_addresses=LOOPBACK).content == PAGE


def test_a_redirect_is_followed_and_the_last_address_kept(server):
    assert fetch(f"{server.url}/moved", allowed_addresses=LOOPBACK).url == f"{server.url}/page"


def test_the_host_header_names_the_host_and_not_the_address(server):
    fetch(f"http://localhost:{server.server_port}/page", allowed_addresses={"127.0.0.1", "::1"})
    assert server.hosts[-1] == f"localhost:{server.server_port}"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/gone", "answered 404 Not Found"),
        ("/picture", "image/png"),
        ("/untyped", "no type"),
        ("/huge", r"50 MB \(50,000,000 bytes\).*5 MB"),
        ("/bomb", "an article may have 5 MB"),
        ("/short", "could not be fetched"),
        ("/cut-gzip", "could not be fetched"),
        ("/brotli", "packed as 'br'"),
        ("/round", "redirects more than 3 times"),
        ("/inward", "169.254.169.254, which is not a public address"),
        ("/file", "not an http or https address"),
    ],
)
def test_an_answer_that_is_no_article_is_refused_with_the_reason(server, path, message):
    with pytest.raises(BadSource, match=message):
        fetch(server.url + path, allowed_addresses=LOOPBACK)


def test_a_server_that_drips_is_cut_at_the_deadline(server):
    with pytest.raises(BadSource, match="no whole answer in time"):
        fetch(f"{server.url}/slow", allowed_addresses=LOOPBACK, seconds=0.3)


def test_loopback_is_refused_unless_it_is_allowed(server):
    with pytest.raises(BadSource, match="not a public address"):
        fetch(f"{server.url}/page")


def test_a_port_where_nobody_listens_is_said(server):
    with pytest.raises(BadSource, match="could not be fetched"):
        fetch("http://127.0.0.1:9/x", allowed_addresses=LOOPBACK)


@pytest.mark.parametrize(
    "url", ["ftp://news.example.org/x", "news.example.org", "http://", "http://[x", "http://u:p@127.0.0.1/", "http://127.0.0.1:99999/"]
)
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(BadSource):
        fetch(url, allowed_addresses=LOOPBACK)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fd00:ec2::254",
    ],
)  # fmt: skip
def test_addresses_inside_a_network_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"]
)
def test_addresses_of_the_web_are_public(address):
    assert is_public(address)


def test_the_limit_is_five_megabytes():
    assert LARGEST_SOURCE == 5_000_000
