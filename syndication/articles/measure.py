"""Asks a server what a file is and how long, without fetching it, and never from inside this network (see fetch.py)."""

import http.client
import re
import time
from collections.abc import Collection
from dataclasses import dataclass
from email.message import Message
from urllib.parse import SplitResult, quote, urljoin, urlunsplit

from syndication.articles.errors import BadSource
from syndication.articles.fetch import LONGEST_FETCH, REDIRECTS, checked_address, connected, explained, web_address
from syndication.articles.media_types import WANTED, may_be, type_of

MOST_REDIRECTS = 6  # addresses of podcasts lead through several counters
LONGEST_URL = 1000  # characters, the width of Enclosure.url

_RANGE = re.compile(r"bytes 0-0/(\d+)")  # RFC 9110 14.4
_OK, _PARTIAL = http.client.OK, http.client.PARTIAL_CONTENT
_USER_AGENT = "Syndication/0.1 (attachments)"


@dataclass(frozen=True, slots=True)
class Measured:
    """A file as its server tells of it. `url` is the address that was given: it may lead through a counter, on purpose."""

    url: str
    media_type: str
    length_bytes: int


def measure(url: str, what: str, *, allowed_addresses: Collection[str] = (), seconds: float = LONGEST_FETCH) -> Measured:
    """Type and true length of the file at an http(s) URL.

    what               "sound", "picture", "transcript" or "chapters" (media_types.py)
    allowed_addresses  IP addresses that may be reached although they are not public (for tests)
    Raises BadSource: no such address or not a public one, no answer in time, another status than 200 or 206, a type that is not
    `what`, no length, or an empty file. Nothing is believed that a GET would not give: some servers answer HEAD with another length.
    """
    if len(url) > LONGEST_URL:
        raise BadSource(f"The address of {WANTED[what]} has more than {LONGEST_URL} characters. Give a shorter one.")
    deadline = time.monotonic() + seconds
    address = url
    for _ in range(MOST_REDIRECTS + 1):
        parts = web_address(address)
        status, headers = _ask(parts, checked_address(parts, allowed_addresses), deadline)
        if status not in REDIRECTS:
            return Measured(url, _type(url, address, what, headers) if status in {_OK, _PARTIAL} else "", _length(url, status, headers))
        address = urljoin(address, headers.get("Location", ""))
    raise BadSource(f"{url} redirects more than {MOST_REDIRECTS} times; the last address was {address}. Give the final address.")


def _ask(parts: SplitResult, address: tuple[str, int], deadline: float) -> tuple[int, Message]:
    """The head of the answer to a GET of the first byte; the connection is closed before the rest comes."""
    try:
        with connected(parts, address, deadline) as connection:
            path = quote(urlunsplit(("", "", parts.path or "/", parts.query, "")), safe="%/:=&?~#+!$,;'@()*[]")
            asked = {"Host": parts.netloc, "User-Agent": _USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", "Range": "bytes=0-0"}
            connection.request("GET", path, headers=asked)
            response = connection.getresponse()
            return response.status, response.headers
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise explained(error, urlunsplit(parts), deadline) from error


def _type(url: str, final: str, what: str, headers: Message) -> str:
    found = type_of(headers.get("Content-Type", ""), final)
    if may_be(found, what):
        return found
    shown = headers.get("Content-Type", "no type at all")
    raise BadSource(f"{url} is {shown}, not {WANTED[what]}. Give the address of the file itself, not of a page about it.")


def _length(url: str, status: int, headers: Message) -> int:
    if status not in {_OK, _PARTIAL}:
        reason = http.client.responses.get(status, "")
        raise BadSource(f"{url} answered {status} {reason}".rstrip() + ". Nobody could play it there; give an address that opens.")
    told = _RANGE.fullmatch(headers.get("Content-Range", "")) if status == _PARTIAL else None
    said = told[1] if told else (headers.get("Content-Length", "") if status == _OK else "")
    if headers.get("Content-Encoding", "identity").strip().lower() != "identity" or not said.isascii() or not said.isdigit():
        raise BadSource(f"{url} does not say how long the file is, and readers must be told. Put it on a server that sends Content-Length.")
    if not int(said):
        raise BadSource(f"{url} is an empty file. Upload it once more, then try again.")
    return int(said)
