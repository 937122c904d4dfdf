"""Looks host names up, once for a while, and lets none lead into this network."""

import asyncio
import socket
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

from syndication.articles.public_addresses import Network, is_in, is_public

LOOK_UPS_AT_ONCE = 16
REMEMBERED_SECONDS = 60.0
MOST_REMEMBERED = 10_000
MOST_ADDRESSES = 2  # tried one after the other: one of each family, mostly

LookUp = Callable[[str], list[str]]


class NotPublic(OSError):
    """A host has an address that is not public; nothing was sent."""


class GuardedNames:
    """The addresses of hosts, for one event loop. Whoever connects uses exactly the address that was checked here.

    A look-up that the system does not end occupies a thread of its own pool, never the loop.
    """

    def __init__(self, allowed: Collection[Network], look_up: LookUp) -> None:
        self._allowed, self._ask = allowed, look_up
        self._pool = ThreadPoolExecutor(LOOK_UPS_AT_ONCE, thread_name_prefix="hub-names")
        self._known: dict[str, tuple[float, asyncio.Future[list[str]]]] = {}

    async def addresses(self, host: str, *, is_trusted: bool = False) -> list[str]:
        """At most MOST_ADDRESSES. Raises NotPublic when any of its addresses is not public, and OSError when it has none."""
        found = [host] if _is_address(host) else await self._look_up(host)
        for address in () if is_trusted else found:
            if not is_in(address, self._allowed) and not is_public(address):
                raise NotPublic(f"{host} is at {address}, which is not a public address")
        return found[:MOST_ADDRESSES]

    def close(self) -> None:
        """Forget look-ups that still wait."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _look_up(self, host: str) -> list[str]:
        now = time.monotonic()
        known = self._known.get(host)
        if known is None or known[0] < now:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            loop = asyncio.get_running_loop()
            known = (now + REMEMBERED_SECONDS, loop.run_in_executor(self._pool, self._ask, host))
            known[1].add_done_callback(_seen)
            self._known[host] = known
        return await asyncio.shield(known[1])  # whoever gives up leaves the others their answer


def addresses_of(host: str) -> list[str]:
    """All addresses of a host name, as the system finds them. Raises OSError when there are none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OSError(f"{host} has no address ({error})") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _is_address(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdigit()  # callbacks.py lets no other number through


def _seen(look_up: asyncio.Future[list[str]]) -> None:
    """A failure that nobody waited for is no news."""
    if not look_up.cancelled():
        look_up.exception()
