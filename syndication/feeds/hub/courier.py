"""Carries many HTTP requests at once to hosts that may be slow, broken or hostile; each costs its time limit and little memory at most.

One thread with an event loop, started by `with`. The caller hands requests over and collects answers. A name is looked up once, every
address is checked, and the connection goes to a checked address under the host's own name (Host header, TLS server name and certificate).
Redirects are not followed. Of an answer no more is read than its head and what was asked for.
"""

import asyncio
import logging
import queue
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from functools import cache
from types import TracebackType
from typing import Generic, Self, TypeVar

from syndication.articles.public_addresses import Network
from syndication.feeds.hub.callbacks import Callback
from syndication.feeds.hub.guarded_names import GuardedNames, LookUp, NotPublic, addresses_of
from syndication.feeds.hub.messages import LARGEST_HEAD, Answer, BadAnswer, Head, Request, chunk_size, head_of_answer, head_of_request

PIECE = 128 * 1024  # bytes handed to a connection at once; the body itself is shared by all
DRAINED = 16 * 1024  # bytes of an unwanted answer that are read to keep its connection
MOST_KEPT = 64  # idle connections
GATHER_SECONDS = 0.02
MOST_INTERIM = 4  # 1xx answers before the real one

log = logging.getLogger("syndication.hub")

Ticket = TypeVar("Ticket")
_Key = tuple[bool, str, int]


class Courier(Generic[Ticket]):
    """Sends requests for one caller.

    allowed  networks that may be reached although they are not public
    seconds  for each exchange, from the look-up to the end of the answer
    tls      what is trusted; the system's authorities unless told otherwise
    look_up  finds the addresses of a host
    """

    def __init__(
        self, *, allowed: Collection[Network], seconds: float, tls: ssl.SSLContext | None = None, look_up: LookUp = addresses_of
    ) -> None:
        self._seconds = seconds
        self._tls = tls or trusted()
        self._loop = asyncio.new_event_loop()
        self._names = GuardedNames(allowed, look_up)
        self._kept: OrderedDict[_Connection, None] = OrderedDict()
        self._answers: queue.SimpleQueue[tuple[Ticket, Answer]] = queue.SimpleQueue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hub-courier", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(self, parcels: Collection[tuple[Ticket, Request]]) -> None:
        """Begin these requests; each ends with an answer. How many may be on their way at once is the caller's to decide."""
        self._loop.call_soon_threadsafe(self._begin, parcels)

    def answers(self, wait_seconds: float, *, wanted: int = 1) -> list[tuple[Ticket, Answer]]:
        """What came back since. Waits so long for the first, and then a moment for so many."""
        found: list[tuple[Ticket, Answer]] = []
        until = time.monotonic() + wait_seconds
        while True:
            left = max(0.0, until - time.monotonic()) if len(found) < wanted else 0.0
            try:
                found.append(self._answers.get(timeout=left))
            except queue.Empty:
                return found
            if len(found) == 1:
                until = min(until, time.monotonic() + GATHER_SECONDS)

    # ------------------------------------------------------------ in the loop's thread

    def _begin(self, parcels: Collection[tuple[Ticket, Request]]) -> None:
        for ticket, request in parcels:
            task = self._loop.create_task(self._carry(ticket, request))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, ticket: Ticket, request: Request) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._exchange(request)
        except TimeoutError:
            answer = Answer(0, problem=f"no whole answer within {self._seconds:g} seconds")
        except NotPublic as error:
            answer = Answer(0, problem=str(error), is_refused=True)
        except asyncio.IncompleteReadError:
            answer = Answer(0, problem="the connection ended before the answer did")
        except asyncio.LimitOverrunError:
            answer = Answer(0, problem=f"the head of the answer is larger than {LARGEST_HEAD} bytes")
        except ssl.SSLError as error:
            answer = Answer(0, problem=f"no encrypted connection ({getattr(error, 'verify_message', '') or error.reason or error})")
        except (OSError, BadAnswer) as error:
            answer = Answer(0, problem=str(error) or type(error).__name__)
        except Exception as error:  # whatever it is: the caller waits for an answer to each request
            log.exception("a request to %s broke", request.to.host)
            answer = Answer(0, problem=type(error).__name__)
        self._answers.put((ticket, answer))

    async def _exchange(self, request: Request) -> Answer:
        connection = self._take_kept(request.to)
        if connection:
            try:
                return await self._ask(connection, request)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass  # it was closed while it was idle (RFC 9112 9.3.1); whoever got the body all the same gets it twice
        return await self._ask(await self._connect(request), request)

    async def _ask(self, connection: "_Connection", request: Request) -> Answer:
        """One exchange; the connection is kept when both sides can, else cut."""
        is_kept = False
        try:
            head = await connection.exchange(request)
            body, is_whole = await connection.body(head, request.most_answer_bytes)
            is_kept = is_whole and head.keeps_open
            return Answer(head.status, body, head.wait_seconds)
        finally:
            if is_kept:
                self._keep(connection)
            else:
                connection.cut()

    async def _connect(self, request: Request) -> "_Connection":
        to = request.to
        addresses = await self._names.addresses(to.host, is_trusted=request.is_trusted)
        for address in addresses[:-1]:
            try:
                return await self._open(to, address)
            except ssl.SSLError:
                raise
            except OSError:
                continue
        return await self._open(to, addresses[-1])

    async def _open(self, to: Callback, address: str) -> "_Connection":
        encrypted = {"ssl": self._tls, "server_hostname": to.host, "ssl_shutdown_timeout": 1.0} if to.is_https else {}
        reader, writer = await asyncio.open_connection(address, to.port, limit=LARGEST_HEAD, **encrypted)  # type: ignore[arg-type]
        return _Connection(_key(to), reader, writer)

    def _take_kept(self, to: Callback) -> "_Connection | None":
        for connection in reversed(self._kept):
            if connection.key == _key(to):
                del self._kept[connection]
                return connection
        return None

    def _keep(self, connection: "_Connection") -> None:
        self._kept[connection] = None
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)[0].cut()

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self._kept:
            connection.cut()
        await asyncio.sleep(0)  # what was cut says so to the loop
        self._names.close()


class _Connection:
    """One connection to a checked address."""

    def __init__(self, key: _Key, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.key, self._reader, self._writer = key, reader, writer

    async def exchange(self, request: Request) -> Head:
        """Send the request and read the head of the answer, which may come before all is sent."""
        try:
            view = memoryview(request.body)
            self._writer.write(b"".join((head_of_request(request), view[:PIECE])))  # one packet more would cost more than the copy
            await self._writer.drain()
            for start in range(PIECE, len(view), PIECE):
                self._writer.write(view[start : start + PIECE])
                await self._writer.drain()
        except ConnectionError:
            if self._reader.at_eof():
                raise
        for _ in range(MOST_INTERIM):
            head = head_of_answer(await self._reader.readuntil(b"\r\n\r\n"))
            if head.status >= 200:  # noqa: PLR2004  # RFC 9110 15.2: 1xx comes before the answer
                return head
        raise BadAnswer(f"more than {MOST_INTERIM} answers that are none")

    async def body(self, head: Head, most: int) -> tuple[bytes, bool]:
        """At most `most` + 1 bytes of the body (one too many tells that it is longer), and whether the connection is at its end."""
        room = max(most + 1, DRAINED)
        if head.is_chunked:
            body, is_whole = await self._chunks(room)
        elif head.length is None:
            body, is_whole = (await self._until_the_end(most + 1) if most else b""), False
        elif most or head.length <= room:
            body = await self._reader.readexactly(min(head.length, room))
            is_whole = len(body) == head.length
        else:
            body, is_whole = b"", False
        return body[: most + 1] if most else b"", is_whole

    def cut(self) -> None:
        """End it at once."""
        self._writer.transport.abort()

    async def _chunks(self, room: int) -> tuple[bytes, bool]:
        body = b""
        while len(body) < room:
            size = chunk_size(await self._reader.readuntil(b"\n"))
            if size == 0:
                is_whole = await self._reader.readuntil(b"\n") == b"\r\n"  # a trailer is not read: the connection ends then
                return body, is_whole
            body += await self._reader.readexactly(min(size, room - len(body)))
            if len(body) < room:
                await self._reader.readexactly(2)
        return body, False

    async def _until_the_end(self, most: int) -> bytes:
        body = b""
        while len(body) < most and (piece := await self._reader.read(most - len(body))):
            body += piece
        return body


@cache
def trusted() -> ssl.SSLContext:
    """The system's authorities, TLS 1.2 at least."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _key(to: Callback) -> _Key:
    return to.is_https, to.host, to.port
