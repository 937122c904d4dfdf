"""Fetches an article's page from the web, and never from inside this network.

The name is resolved once, every address it has is checked, and the connection goes to a checked address: a name that resolves
differently a moment later changes nothing.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from email.message import Message
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from syndication.articles.clean_article import Kind
from syndication.articles.decoding import LARGEST_SOURCE, refuse_size
from syndication.articles.errors import BadSource
from syndication.articles.public_addresses import is_public
from syndication.articles.read_source import Source

LONGEST_FETCH = 10.0  # seconds for everything, redirects included
MOST_REDIRECTS = 3
KIND_OF_TYPE: dict[str, Kind] = {"text/html": "html", "text/plain": "text", "text/markdown": "markdown", "application/xhtml+xml": "html"}

REDIRECTS = frozenset((301, 302, 303, 307, 308))
_PIECE = 64 * 1024  # bytes read at once
_USER_AGENT = "Syndication/0.1 (article import)"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Message
    content: bytes


def fetch(url: str, *, allowed_addresses: Collection[str] = (), seconds: float = LONGEST_FETCH) -> Source:
    """The page at an http(s) URL; `Source.url` is where the redirects (at most MOST_REDIRECTS) ended.

    allowed_addresses  IP addresses that may be reached although they are not public (for tests)
    seconds            for everything together, but for the look-up of names, which the system limits
    Raises BadSource: no http(s) URL, an address that is not public, no answer in time, a status other than 200,
    a type that is no text, or more than LARGEST_SOURCE bytes after unpacking.
    """
    deadline = time.monotonic() + seconds
    address = url
    for _ in range(MOST_REDIRECTS + 1):
        parts = web_address(address)
        answer = _ask(parts, checked_address(parts, allowed_addresses), deadline)
        if answer.status not in REDIRECTS:
            return _source(address, answer)
        address = urljoin(address, answer.headers.get("Location", ""))
    raise BadSource(f"{url} redirects more than {MOST_REDIRECTS} times; the last address was {address}. Give the final address.")


def web_address(url: str) -> SplitResult:
    """The parts of an http(s) address without a password. Raises BadSource."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadSource(f"{url} is not a URL ({error}). Give an address such as https://news.example.org/article.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadSource(f"{url} is not an http or https address. Give one such as https://news.example.org/article.")
    if parts.username or parts.password:
        raise BadSource(f"The address at {parts.hostname} holds a user name or password. Give one without.")
    return parts


def checked_address(parts: SplitResult, allowed: Collection[str]) -> tuple[str, int]:
    """The first address of the host; all of them must be public or allowed."""
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadSource(f"The host {host} has no address ({error}). Check the spelling of the URL.") from error
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        if address not in allowed and not is_public(address):
            raise BadSource(
                f"{host} is at {address}, which is not a public address; only the public web is asked. "
                "Save the page to a file and import that, or put the file where everybody can reach it."
            )
    return addresses[0], port


def _ask(parts: SplitResult, address: tuple[str, int], deadline: float) -> _Answer:
    url = urlunsplit(parts)
    try:
        with connected(parts, address, deadline) as connection:
            path = quote(urlunsplit(("", "", parts.path or "/", parts.query, "")), safe="%/:=&?~#+!$,;'@()*[]")
            headers = {
                "Host": parts.netloc,
                "User-Agent": _USER_AGENT,
                "Accept": ", ".join(KIND_OF_TYPE),
                "Accept-Encoding": "gzip, deflate",
            }
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            is_page = response.status == http.client.OK
            return _Answer(response.status, response.headers, _unpacked(response, url) if is_page else b"")
    except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
        raise explained(error, url, deadline) from error


def explained(error: Exception, url: str, deadline: float) -> BadSource:
    """What an error of connecting or reading means, in a sentence."""
    if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
        return BadSource(f"{url} gave no whole answer in time. Try again later, or save the page to a file and import that.")
    if isinstance(error, ssl.SSLError):
        return BadSource(f"{url} has no valid certificate ({error.reason or error}). Save the page to a file if you trust it.")
    return BadSource(f"{url} could not be fetched ({error or type(error).__name__}). Open it in a browser; save it to a file.")


@contextlib.contextmanager
def connected(parts: SplitResult, address: tuple[str, int], deadline: float) -> Iterator[http.client.HTTPConnection]:
    """A connection to the checked address under the host's own name (Host header and TLS server name), cut at the deadline.

    A time limit on the socket alone would start anew with each byte that a slow server sends.
    """
    with socket.create_connection(address, timeout=_remaining(deadline)) as plain:
        watch = threading.Timer(_remaining(deadline), _cut, [plain])
        watch.daemon = True
        watch.start()
        connection = http.client.HTTPConnection(parts.hostname or "", address[1])
        connection.sock = plain
        try:
            if parts.scheme == "https":
                connection.sock = _trusted().wrap_socket(plain.dup(), server_hostname=parts.hostname)
            yield connection
        finally:
            watch.cancel()
            connection.close()


def _trusted() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _cut(plain: socket.socket) -> None:
    with contextlib.suppress(OSError):
        plain.shutdown(socket.SHUT_RDWR)


def _unpacked(response: http.client.HTTPResponse, url: str) -> bytes:
    """The body, unpacked piece by piece, so that a packed answer does not grow beyond the limit."""
    refuse_size(int(response.headers.get("Content-Length") or 0), url)
    packing = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    if packing not in {"identity", "gzip", "x-gzip", "deflate"}:
        raise BadSource(f"{url} is packed as {packing!r}, which was not asked for. Save the page to a file and import that.")
    unpacker = None if packing == "identity" else zlib.decompressobj(zlib.MAX_WBITS | 32)
    content = b""
    while piece := response.read1(_PIECE):
        if unpacker and not content and packing == "deflate" and not _has_zlib_header(piece):
            unpacker = zlib.decompressobj(-zlib.MAX_WBITS)  # RFC 9110 8.4.1.2: some servers leave the wrapper out
        content += unpacker.decompress(piece, LARGEST_SOURCE + 1 - len(content)) if unpacker else piece
        refuse_size(len(content), url)
    if response.length or (unpacker and not unpacker.eof):
        raise http.client.IncompleteRead(b"", response.length)
    return content


def _has_zlib_header(piece: bytes) -> bool:
    return len(piece) > 1 and (piece[0] * 256 + piece[1]) % 31 == 0 and piece[0] & 0x0F == zlib.DEFLATED  # RFC 1950 2.2


def _remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _source(url: str, answer: _Answer) -> Source:
    if answer.status != http.client.OK:
        reason = http.client.responses.get(answer.status, "")
        raise BadSource(f"{url} answered {answer.status} {reason}".rstrip() + ". Open it in a browser; it may need a sign-in.")
    kind = KIND_OF_TYPE.get(answer.headers.get_content_type())
    if kind is None or "Content-Type" not in answer.headers:
        shown = answer.headers.get("Content-Type", "no type")
        raise BadSource(f"{url} is {shown}, not a page of text. Give the address of an HTML, Markdown or plain text page.")
    return Source(url, answer.content, url=url, kind=kind, encoding=str(answer.headers.get_content_charset() or ""))
