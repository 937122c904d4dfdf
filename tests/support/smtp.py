"""A real SMTP server on loopback that keeps what it gets and answers as a test tells it."""

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP
from support.waiting import wait_until

HANG_UP = "hang up"  # close the connection instead of an answer


@dataclass(frozen=True, slots=True)
class Received:
    """One accepted message: its envelope, and its bytes with CRLF line ends as they came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    peer: tuple[str, int]  # one per connection

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)


@dataclass
class SmtpServer:
    """`messages` in the order of acceptance; `answer` plans replies; `connections` counts those that were opened."""

    messages: list[Received] = field(default_factory=list)
    connections: int = 0
    _plans: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._socket.getsockname()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """Its SYNDICATION_SMTP_URL."""
        return f"smtp://{self.host}:{self.port}"

    def answer(self, recipient: str, *replies: str, at: str = "rcpt") -> None:
        """Give these replies to the next commands about an address, one each; the last one stays for ever.

        recipient  an address, or "*" for every address that has no plan of its own
        replies    "550 5.1.1 No such mailbox", "250 OK", HANG_UP…
        at         "rcpt", or "data" (after the final dot)
        """
        self._plans[at, recipient] = list(replies)

    def wait_for(self, count: int, *, seconds: float = 20) -> list[Received]:
        """The messages, as soon as there are `count`; fails the test after `seconds`."""
        wait_until(lambda: len(self.messages) >= count, seconds=seconds, what=lambda: f"{count} messages; {len(self.messages)} came")
        return self.messages

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._loop.create_server(self._protocol, sock=self._socket))
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(server.wait_closed())
        self._loop.close()

    def _protocol(self) -> SMTP:
        self.connections += 1
        return SMTP(self, enable_SMTPUTF8=True, hostname="sink.example.org", ident="sink", loop=self._loop)

    def _planned(self, at: str, recipient: str) -> str | None:
        replies = self._plans.get((at, recipient)) or self._plans.get((at, "*"))
        if not replies:
            return None
        return replies.pop(0) if len(replies) > 1 else replies[0]

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd's name
        reply = self._planned("rcpt", address) or "250 OK"
        if reply == HANG_UP:
            return self._hang_up(server)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        planned = [reply for address in envelope.rcpt_tos if (reply := self._planned("data", address))]
        reply = planned[0] if planned else "250 OK"
        if reply == HANG_UP:
            return self._hang_up(server)
        if reply.startswith("2"):
            received = Received(envelope.mail_from, tuple(envelope.rcpt_tos), bytes(envelope.original_content), session.peer[:2])
            self.messages.append(received)
        return reply

    @staticmethod
    def _hang_up(server: SMTP) -> str:
        server.transport.abort()
        return "421 4.3.2 Gone"
