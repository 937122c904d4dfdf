"""The mail catcher: an SMTP server that keeps every message in a Maildir instead of letting it leave this machine.

`python -m syndication.cli.catcher [--host HOST] [--port PORT]`; a mail reader opens the folder `mail` in SYNDICATION_HOME.
"""

import argparse
import asyncio
import itertools
import logging
import os
import re
import signal
import socket
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings

LARGEST_MESSAGE = 30 * 1024 * 1024  # bytes
SAY_EVERY = 50  # messages
BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")

log = logging.getLogger("syndication.catcher")


class Maildir:
    """A folder of messages, one file each, as https://cr.yp.to/proto/maildir.html describes it."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, readable by this user only, unless it is there."""
        self.folder = folder
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._host = re.sub(r"[/:\s]", "-", socket.gethostname())
        self._numbers = itertools.count(1)

    def keep(self, content: bytes) -> Path:
        """Write one message under a name of its own; readers see all of it or nothing. Raises OSError."""
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        name = f"{seconds}.M{nanoseconds // 1000:06}P{os.getpid()}Q{next(self._numbers)}.{self._host}"
        unfinished = self.folder / "tmp" / name
        unfinished.write_bytes(content)
        return unfinished.rename(self.folder / "new" / name)


class Catcher:
    """What the SMTP server does with its commands; method names and arguments are aiosmtpd's."""

    def __init__(self, maildir: Maildir) -> None:
        """Keep into `maildir`."""
        self.maildir = maildir
        self.caught = 0

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer command pipelining: the server answers in order, whatever waits in its buffer (RFC 2920)."""
        del server, envelope
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one copy for each recipient, as the mail server of each would."""
        del server, session
        content = envelope.original_content or b""
        if BARE_LINE_END.search(content):
            return "550 5.6.0 A line ends without CRLF (RFC 5321 2.3.8)"
        try:
            for recipient in envelope.rcpt_tos:
                self.maildir.keep(trace_lines(envelope.mail_from or "", recipient) + content)
        except OSError as error:
            log.warning("a message was not kept: %s", error)
            return "452 4.3.1 The message cannot be kept now"
        self.caught += 1
        if self.caught == 1 or self.caught % SAY_EVERY == 0:
            log.info("%d caught since the start, in %s", self.caught, self.maildir.folder)
        return "250 2.0.0 Caught"


def trace_lines(sender: str, recipient: str) -> bytes:
    """What a mail server writes above a message when it delivers: the envelope (RFC 5321 4.4)."""
    return f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode()


async def serve(catcher: Catcher, host: str, port: int) -> None:
    """Listen until SIGTERM or SIGINT. Raises OSError when the port cannot be had."""
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(
            catcher, data_size_limit=LARGEST_MESSAGE, enable_SMTPUTF8=True, hostname="catcher.localhost", ident="Syndication catcher"
        )

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(connection, host, port, reuse_address=True)
    log.info("ready on %s:%d", host, port)
    await stop.wait()
    server.close()


def main(words: list[str]) -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="syndication.cli.catcher", description="Keeps mail in a Maildir instead of sending it on.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; only loopback unless told otherwise")
    parser.add_argument("--port", type=int, default=settings.MAIL_CATCHER_PORT)
    options = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd would write a line for each command
    asyncio.run(serve(Catcher(Maildir(settings.CAUGHT_MAIL)), options.host, options.port))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
    main(sys.argv[1:])
