"""The listener: an SMTP or LMTP server for mail that comes back, to addresses that only we make. It never passes mail on.

`python -m syndication.cli.listener [--host HOST] [--port PORT] [--lmtp]`; docs/bounces.md says how mail gets here. "250" is said when the
mail is in the database; a step of the `default` queue reads it there.
"""

import argparse
import asyncio
import logging
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

import django
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

LARGEST_MESSAGE = 20 * 1024 * 1024  # bytes
MOST_DRAINED = 3 * LARGEST_MESSAGE  # of a message that is too large; who sends more is hung up on
MOST_HELD = 2 * LARGEST_MESSAGE  # bytes of messages on their way, of all connections together
MOST_CONNECTIONS = 50
MOST_RECIPIENTS = 20
MOST_HOPS = 50  # Received fields (RFC 5321 6.3)
IDLE_SECONDS = 300  # RFC 5321 4.5.3.2.7
THREADS = 2
DOMAINS_SECONDS = 10.0
MOST_TOGETHER = 200  # rows of one transaction
SAY_EVERY = 100  # messages
READ_BYTES = 1 << 20
END = b"\r\n.\r\n"  # RFC 5321 4.1.1.4, and nothing that only looks like it
BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
HOP = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)
HOP_BYTES = 256 * 1024
OURS = re.compile(r"[bu]\+[^@]{1,200}|postmaster|abuse", re.IGNORECASE)

TOO_LARGE = "552 5.3.4 The message is larger than this server takes"
BUSY = "452 4.3.1 Too much mail at this moment, try again later"
AWAY = "451 4.3.0 The message cannot be kept now, try again later"
BARE = "550 5.6.0 A line ends without CRLF (RFC 5321 2.3.8)"
LOOP = "554 5.4.6 Too many hops: the message goes in circles"
KEPT = "250 2.0.0 Kept"

log = logging.getLogger("syndication.listener")


@dataclass(slots=True)
class Load:
    """What all connections hold at this moment."""

    connections: int = 0
    held_bytes: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """What the conversations need from the rest of the house; the functions may block and are called in a thread."""

    domains: Callable[[], frozenset[str]]
    row: Callable[[str, str, bytes], Any]
    """Sender, recipient and message as they are kept."""
    keep: Callable[[list[Any]], None]
    """Write rows down for good, together."""


class Returned(SMTP):
    """One conversation. The body is read by the piece: aiosmtpd keeps an object for every line, which a body of empty lines turns into gigabytes."""

    def __init__(self, office: "Office", **options: Any) -> None:
        """Serve for an office."""
        super().__init__(office, **options)
        self._office, self._is_turned_away = office, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Turn away whoever is one too many, before anything is read."""
        load = self._office.load
        if load.connections >= MOST_CONNECTIONS:
            self._is_turned_away = True
            if isinstance(transport, asyncio.WriteTransport):
                transport.write(b"421 4.3.2 Too many connections, try again later\r\n")
            transport.close()
            return
        load.connections += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Make room."""
        if not self._is_turned_away:
            self._office.load.connections -= 1
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Bytes of somebody who was turned away go nowhere."""
        if not self._is_turned_away:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """So does their end."""
        return None if self._is_turned_away else super().eof_received()

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        """Read the message, keep it, answer: once for all recipients, in LMTP once for each (RFC 2033 4.2)."""
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        replies = await self._take(envelope)
        self.envelope = self._create_envelope()
        for reply in replies:
            await self.push(reply)

    async def _take(self, envelope: Envelope) -> list[str]:
        held = Held(self._office.load)
        try:
            refusal = await self._read(held)
            recipients = [str(one) for one in envelope.rcpt_tos]
            sender = "" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from)
            replies = [refusal] * len(recipients) if refusal else await self._office.keep(sender, recipients, held.message)
        finally:
            held.drop()
        if isinstance(self, LMTP):
            return replies
        return [next((reply for reply in replies if reply != KEPT), KEPT)]

    async def _read(self, held: "Held") -> str:
        """Read up to the end of the message; why it is refused, or ""."""
        drained, refusal, last = 0, "", b"\r\n"  # the line of DATA itself ends before the first line
        while True:
            piece = await self._reader.read(READ_BYTES)  # all that is there: more than a reader ever buffers
            window = last + piece
            at = window.find(END)
            ends = at + 2 - len(last)  # how much of this piece is message; below 0: the end began in the one before
            refusal = refusal or held.add(piece if at < 0 else piece[: max(ends, 0)])
            if at >= 0:
                held.cut(max(-ends, 0))
                self._reader.feed_data(window[at + len(END) :])  # commands that came along
                return refusal
            last, drained = window[1 - len(END) :], drained + len(piece)
            if not piece or drained > MOST_DRAINED:
                await self._hang_up(TOO_LARGE)

    async def _hang_up(self, reply: str) -> NoReturn:
        await self.push(reply)
        self._writer.close()
        raise asyncio.CancelledError


class ReturnedByLmtp(Returned, LMTP):
    """The same, spoken by a mail server on this machine (RFC 2033)."""


class Held:
    """The bytes of one message on its way, counted among all of them."""

    def __init__(self, load: Load) -> None:
        """Hold nothing yet."""
        self._load, self._kept, self._counted = load, bytearray(), 0

    def add(self, piece: bytes) -> str:
        """Hold more; why the message is refused from here on, or ""."""
        if self._counted + len(piece) > LARGEST_MESSAGE:
            self.drop()
            return TOO_LARGE
        if self._load.held_bytes + len(piece) > MOST_HELD:
            self.drop()
            return BUSY
        self._kept += piece
        self._counted += len(piece)
        self._load.held_bytes += len(piece)
        return ""

    def cut(self, count: int) -> None:
        """Give back the last bytes, which belong to the end of the message."""
        if count and self._kept:
            del self._kept[-count:]

    @property
    def message(self) -> bytearray:
        """What is held, with the dots of the wire."""
        return self._kept

    def drop(self) -> None:
        """Hold nothing any more."""
        self._load.held_bytes -= self._counted
        self._kept, self._counted = bytearray(), 0


class Writer:
    """Writes what came at the same moment in one transaction, since the disk is waited for once for all of it."""

    def __init__(self, write: Callable[[list[Any]], list[bool]]) -> None:
        """Use `write`, which blocks, in a thread of its own; it tells for each row whether it is kept."""
        self._write, self._thread = write, ThreadPoolExecutor(1, "writer")
        self._waiting: list[tuple[Any, asyncio.Future[bool]]] = []
        self._task: asyncio.Task[None] | None = None

    async def keep(self, row: Any) -> bool:
        """Whether the row is in the database now."""
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((row, kept))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._drain())
        return await kept

    async def _drain(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            answers = await asyncio.get_running_loop().run_in_executor(self._thread, self._write, [row for row, _ in some])
            for (_, kept), answer in zip(some, answers, strict=True):
                if not kept.done():
                    kept.set_result(answer)

    def close(self) -> None:
        """Let the thread finish what it holds."""
        self._thread.shutdown()


class Office:
    """What the server does with its commands; method names and arguments are aiosmtpd's."""

    def __init__(self, desk: Desk) -> None:
        """Keep mail through the desk."""
        self.load, self._desk = Load(), desk
        self._threads = ThreadPoolExecutor(THREADS, "reader")
        self._writer = Writer(self._write)
        self._one_large = asyncio.Lock()
        self._domains: frozenset[str] = frozenset()
        self._domains_until = 0.0

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer command pipelining: the server answers in order, whatever waits in its buffer (RFC 2920)."""
        del server, envelope
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take what only comes back: addresses that we make, and the two that every domain must have (RFC 2142 5)."""
        del server, session
        local, _, domain = address.rpartition("@")
        if address.lower() == "postmaster":  # RFC 5321 4.5.1
            local, domain = address, ""
        try:
            ours = await self._our_domains()
        except DatabaseError:
            return AWAY
        if domain and domain.lower() not in ours:
            return "550 5.7.1 This server takes only mail that comes back to its own senders"
        if not OURS.fullmatch(local):
            return "550 5.1.1 Nobody here has this address"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Whatever strangers send, one line in the log and a clear answer."""
        log.info("a command could not be read: %r", error)
        return "500 5.5.2 That cannot be read"

    async def keep(self, sender: str, recipients: list[str], held: bytearray) -> list[str]:
        """Keep a message for each recipient; their answers. Large ones take their turn, so that copies of them never pile up."""
        if len(held) > READ_BYTES:
            async with self._one_large:
                prepared = await self._in_thread(self._prepared, sender, recipients, held)
        else:
            prepared = await self._in_thread(self._prepared, sender, recipients, held)
        if isinstance(prepared, str):
            return [prepared] * len(recipients)
        return [KEPT if kept else AWAY for kept in await asyncio.gather(*map(self._writer.keep, prepared))]

    def close(self) -> None:
        """Let the threads finish what they hold."""
        self._threads.shutdown()
        self._writer.close()

    async def _in_thread(self, act: Callable[..., Any], *words: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act, *words)

    def _prepared(self, sender: str, recipients: list[str], held: bytearray) -> list[Any] | str:
        """The rows of a message, or why it is refused."""
        if BARE_LINE_END.search(held):
            return BARE
        message = bytes(held)
        held.clear()
        message = message.replace(b"\r\n..", b"\r\n.")  # RFC 5321 4.5.2
        if message.startswith(b".."):
            message = message[1:]
        if len(HOP.findall(message, 0, HOP_BYTES)) > MOST_HOPS:
            return LOOP
        return [self._desk.row(sender, recipient, message) for recipient in recipients]

    def _write(self, rows: list[Any]) -> list[bool]:
        try:
            self._desk.keep(rows)
        except DatabaseError as error:
            connection.close()
            if len(rows) > 1:  # what is wrong with one is not the others' fault
                return [self._write([row])[0] for row in rows]
            log.warning("a message was not kept: %s", error)
            return [False]
        before, self.load.kept = self.load.kept, self.load.kept + len(rows)
        if before == 0 or before // SAY_EVERY != self.load.kept // SAY_EVERY:
            log.info("%d kept since the start", self.load.kept)
        return [True] * len(rows)

    async def _our_domains(self) -> frozenset[str]:
        if time.monotonic() >= self._domains_until:
            self._domains = await self._in_thread(self._desk.domains)
            self._domains_until = time.monotonic() + DOMAINS_SECONDS
        return self._domains


def desk() -> Desk:
    """The desk of this installation; the models are read only once Django is set up."""
    from syndication.articles.models import Publication  # noqa: PLC0415
    from syndication.delivery.bounces.intake import LISTENER, Came, keep_rows, row_of  # noqa: PLC0415

    def domains() -> frozenset[str]:
        try:
            return frozenset(found.lower() for found in Publication.objects.values_list("mail_domain", flat=True) if found)
        except DatabaseError:
            connection.close()
            raise

    return Desk(domains, lambda sender, recipient, raw: row_of(Came(LISTENER, sender, recipient, raw), timezone.now()), keep_rows)


async def serve(office: Office, host: str, port: int, *, is_lmtp: bool) -> None:
    """Listen until SIGTERM or SIGINT. Raises OSError when the port cannot be had."""
    loop = asyncio.get_running_loop()
    name = urlsplit(settings.BASE_URL).hostname or "localhost"

    def conversation() -> SMTP:
        kind = ReturnedByLmtp if is_lmtp else Returned
        return kind(
            office,
            data_size_limit=LARGEST_MESSAGE,
            enable_SMTPUTF8=True,
            hostname=name,
            ident="Syndication",
            timeout=IDLE_SECONDS,
            loop=loop,
        )

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(conversation, host, port, reuse_address=True)
    log.info("ready on %s:%d%s", host, server.sockets[0].getsockname()[1], " (LMTP)" if is_lmtp else "")
    await stop.wait()
    server.close()
    await loop.run_in_executor(None, office.close)


def main(words: list[str]) -> None:
    """Read the options and serve."""
    wanted = settings.BOUNCE_LISTEN
    parser = argparse.ArgumentParser(prog="syndication.cli.listener", description="Takes mail that comes back: bounces and complaints.")
    parser.add_argument("--host", default=wanted.host or "127.0.0.1", help="the address to listen on; only loopback unless told otherwise")
    parser.add_argument("--port", type=int, default=wanted.port or 8026)
    parser.add_argument("--lmtp", action="store_true", default=wanted.is_lmtp, help="speak LMTP, for a mail server that delivers here")
    options = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd would write a line for each command
    django.setup()
    asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> None:
    await serve(Office(desk()), options.host, options.port, is_lmtp=options.lmtp)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
    main(sys.argv[1:])
