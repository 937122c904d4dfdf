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
from collections.abc import Callable, Iterable
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
MOST_HELD = 48 * 1024 * 1024  # bytes of messages on their way, of all connections together
MOST_CONNECTIONS = 50
MOST_RECIPIENTS = 20
MOST_HOPS = 50  # Received fields (RFC 5321 6.3)
IDLE_SECONDS = 300  # RFC 5321 4.5.3.2.7
THREADS = 2
DOMAINS_SECONDS = 10.0
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
    keep: Callable[[str, str, bytes], None]


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


class Office:
    """What the server does with its commands; method names and arguments are aiosmtpd's."""

    def __init__(self, desk: Desk) -> None:
        """Keep mail through the desk."""
        self.load, self._desk = Load(), desk
        self._threads = ThreadPoolExecutor(THREADS, "keeper")
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

    async def keep(self, sender: str, recipients: Iterable[str], held: bytearray) -> list[str]:
        """Keep a message for each recipient; their answers. Large ones take their turn, so that copies of them never pile up."""
        loop = asyncio.get_running_loop()
        if len(held) > READ_BYTES:
            async with self._one_large:
                return await loop.run_in_executor(self._threads, self._keep_all, sender, list(recipients), held)
        return await loop.run_in_executor(self._threads, self._keep_all, sender, list(recipients), held)

    def close(self) -> None:
        """Let the threads finish what they hold."""
        self._threads.shutdown()

    def _keep_all(self, sender: str, recipients: list[str], held: bytearray) -> list[str]:
        if BARE_LINE_END.search(held):
            return [BARE] * len(recipients)
        message = bytes(held).replace(b"\r\n..", b"\r\n.")  # RFC 5321 4.5.2
        if message.startswith(b".."):
            message = message[1:]
        held.clear()
        if len(HOP.findall(message, 0, HOP_BYTES)) > MOST_HOPS:
            return [LOOP] * len(recipients)
        return [self._keep_one(sender, recipient, message) for recipient in recipients]

    def _keep_one(self, sender: str, recipient: str, message: bytes) -> str:
        try:
            self._desk.keep(sender, recipient, message)
        except DatabaseError as error:
            log.warning("a message was not kept: %s", error)
            connection.close()
            return AWAY
        self.load.kept += 1
        if self.load.kept == 1 or self.load.kept % SAY_EVERY == 0:
            log.info("%d kept since the start", self.load.kept)
        return KEPT

    async def _our_domains(self) -> frozenset[str]:
        if time.monotonic() >= self._domains_until:
            self._domains = await asyncio.get_running_loop().run_in_executor(self._threads, self._desk.domains)
            self._domains_until = time.monotonic() + DOMAINS_SECONDS
        return self._domains


def desk() -> Desk:
    """The desk of this installation; the models are read only once Django is set up."""
    from syndication.articles.models import Publication  # noqa: PLC0415
    from syndication.delivery.bounces.intake import LISTENER, Came, keep  # noqa: PLC0415

    def domains() -> frozenset[str]:
        try:
            return frozenset(found.lower() for found in Publication.objects.values_list("mail_domain", flat=True) if found)
        except DatabaseError:
            connection.close()
            raise

    return Desk(domains, lambda sender, recipient, raw: keep(Came(LISTENER, sender, recipient, raw), timezone.now()))


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
