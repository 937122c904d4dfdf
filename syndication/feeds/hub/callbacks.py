"""Knows which callback addresses the hub calls, and how it asks there for consent."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode, urlsplit

from syndication.articles.public_addresses import Network, is_in, is_public
from syndication.feeds.hub.errors import HubRefused

LONGEST_URL = 2000  # characters
LONGEST_HOST = 253  # RFC 1035 2.3.4
DEFAULT_PORTS = {"http": 80, "https": 443}
FIRST_FREE_PORT = 1024
BAD_PORTS = frozenset(  # of the Fetch standard's "port blocking" those from 1024 on: other programs listen there
    (1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10080)
)
_HOST_NAME = re.compile(r"(?=.*[a-z])[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_IPV4 = re.compile(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}", re.ASCII)
_NOT_IN_A_URL = re.compile(r"[^!-~]|[<>\"\\^`{|}]")
_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa")  # RFC 6761 6.3, 6762 3, 8375 and ICANN's .internal


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback that may be called.

    host    lower case, without brackets
    target  path and query, as the request line has them
    """

    url: str
    is_https: bool
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == DEFAULT_PORTS["https" if self.is_https else "http"] else f"{name}:{self.port}"


def checked(url: str, *, own: tuple[str, int], allowed: Collection[Network]) -> Callback:
    """The callback at this URL. Whether its name leads to a public address is only known when it is called.

    own      host and port of this installation: the hub does not call itself
    allowed  networks that may be called although they are not public
    Raises HubRefused with a sentence for whoever subscribes.
    """
    found = parsed(url)
    if (found.port < FIRST_FREE_PORT and found.port not in DEFAULT_PORTS.values()) or found.port in BAD_PORTS:
        raise HubRefused(f"hub.callback names port {found.port}, where other programs listen; use 443, 80 or one from 1024 on.")
    if (found.host.rstrip("."), found.port) == own:
        raise HubRefused("hub.callback is an address of this hub itself; give one of the subscriber.")
    _refuse_private(found.host, allowed)
    return found


def parsed(url: str, *, longest: int | None = LONGEST_URL) -> Callback:
    """The parts of a URL that may be requested, of so many characters at most. Raises HubRefused."""
    parts = _split(url, longest)
    host = (parts.hostname or "").lower()
    target = (parts.path or "/") + (f"?{parts.query}" if "?" in url else "")
    return Callback(url, parts.scheme == "https", host, parts.port or DEFAULT_PORTS[parts.scheme], target)


def _split(url: str, longest: int | None) -> SplitResult:
    if (longest and len(url) > longest) or _NOT_IN_A_URL.search(url):
        raise HubRefused(f"hub.callback must be a URL of at most {LONGEST_URL} ASCII characters, with all others percent-encoded.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise HubRefused(f"hub.callback is no URL ({error}).") from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == 0 or len(parts.hostname) > LONGEST_HOST:
        raise HubRefused("hub.callback must be an http or https URL, such as https://reader.example.org/callback?id=1.")
    if "@" in parts.netloc:
        raise HubRefused("hub.callback must not hold a user name or password; put a secret part into its path instead.")
    if "#" in url:
        raise HubRefused("hub.callback must not have a fragment (#…).")
    return parts


def _refuse_private(host: str, allowed: Collection[Network]) -> None:
    """What can be told without a look-up. Raises HubRefused."""
    if ":" in host or _IPV4.fullmatch(host):
        try:
            if is_in(host, allowed) or ("%" not in host and is_public(host)):
                return
        except ValueError as error:
            raise HubRefused(f"hub.callback names {host}, which is no IP address ({error}).") from error
        raise HubRefused(f"hub.callback names {host}, which is not a public address; the hub delivers on the public web only.")
    bare = host.rstrip(".")
    if _NUMBER.fullmatch(bare.rpartition(".")[2]) or not _HOST_NAME.fullmatch(host):
        raise HubRefused(f"hub.callback names {host}, which is no host name; write an IPv4 address as four decimal numbers.")
    if not allowed and (bare in _LOCAL_NAMES or bare.endswith(tuple(f".{name}" for name in _LOCAL_NAMES))):
        raise HubRefused(f"hub.callback names {host}, which is a name inside a network; the hub delivers on the public web only.")


def with_question(url: str, asked: Mapping[str, str]) -> str:
    """The callback with the hub's parameters behind its own query, which stays as it is (WebSub 5.3)."""
    glue = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return f"{url}{glue}{urlencode(asked)}"
