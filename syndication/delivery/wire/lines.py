"""One connection's socket, from dialling over TLS and the introduction to its conversation."""

import contextlib
import errno
import os
import select
import socket
import ssl
from collections.abc import Callable, Sequence
from enum import Enum, auto

from syndication.delivery.wire.conversation import Conversation
from syndication.delivery.wire.introduction import Introduction, ServerAway
from syndication.delivery.wire.names import Names, SocketAddress
from syndication.delivery.wire.time_outs import Await
from syndication.delivery.wire.tls import Tls, unsent_plain_bytes
from syndication.delivery.wire.window import Window
from syndication.environment import SmtpAddress

READ_BYTES = 16384
QUIT = b"QUIT\r\n"
IN, OUT = select.EPOLLIN, select.EPOLLOUT


class Stage(Enum):
    """How far a line has come."""

    DIALLING = auto()
    SHAKING = auto()  # TLS
    MEETING = auto()  # greeting to AUTH
    TALKING = auto()


class NoAnswer(Exception):
    """This address of the server does not answer; there may be others."""


class Line:
    """A non-blocking connection to a server.

    talk        the conversation, once the introduction is done; `hear` is its hear()
    outbox      what is to be written in this round
    unsent      what the socket did not take yet, as it goes over the wire
    since       when it last made progress (time.monotonic)
    fault       why a write failed
    is_leaving  whether it is closed when it has nothing to do
    """

    __slots__ = (
        "_addresses",
        "_poll",
        "_tls",
        "fault",
        "hear",
        "introduction",
        "is_leaving",
        "outbox",
        "receive",
        "replies_seen",
        "server",
        "since",
        "socket",
        "stage",
        "talk",
        "unsent",
    )

    def __init__(self, server: SmtpAddress, host_name: str, now: float) -> None:
        self.server, self.since = server, now
        self.stage = Stage.DIALLING
        self.introduction = Introduction(server, host_name)
        self.talk: Conversation | Window | None = None
        self.hear: Callable[..., Sequence[bytes]] | None = None
        self.receive: Callable[[int], bytes]
        self.outbox: list[bytes] = []
        self.unsent: memoryview | None = None
        self.fault = ""
        self.replies_seen = 0
        self.is_leaving = False
        self._tls: Tls | None = None
        self._poll: select.epoll | None = None
        self._addresses: list[SocketAddress] = []

    @property
    def jobs(self) -> int:
        """How many have no end yet."""
        return self.talk.jobs if self.talk is not None else 0

    @property
    def is_idle(self) -> bool:
        """Whether it could take a job at once."""
        return self.talk is not None and self.talk.is_idle

    @property
    def is_watched(self) -> bool:
        """Whether it stands in an exchange's loop."""
        return self._poll is not None

    @property
    def unsent_bytes(self) -> int:
        """Of what the conversation gave out, so many bytes are surely not with the server."""
        waiting = sum(map(len, self.outbox))
        if self.unsent is None:
            return waiting
        return waiting + (len(self.unsent) if self._tls is None else unsent_plain_bytes(len(self.unsent)))

    @property
    def awaits(self) -> Await:
        """What it waits for."""
        if self.stage in {Stage.DIALLING, Stage.SHAKING}:
            return Await.CONNECT
        if self.unsent is not None:
            return Await.BLOCK
        if self.talk is not None:
            return self.talk.awaits
        return Await.HELLO if self.introduction.is_greeted else Await.GREETING

    # ------------------------------------------------------------------ opening
    def dial(self, names: Names) -> None:
        """Begin to connect to the server's first address. Raises ServerAway."""
        try:
            self._addresses = list(names.resolve(self.server.host, self.server.port))
        except (OSError, UnicodeError) as error:
            raise ServerAway(f"{self.server} cannot be found: {error}.") from error
        self.dial_next("it has no address")

    def dial_next(self, why: str) -> None:
        """Begin to connect to its next address. Raises ServerAway with what failed last when there is none."""
        while self._addresses:
            family, address = self._addresses.pop(0)
            self.socket = socket.socket(family, socket.SOCK_STREAM)
            self.socket.settimeout(0)  # non-blocking
            self.receive = self.socket.recv
            failure = self.socket.connect_ex(address)
            if failure in {0, errno.EINPROGRESS}:
                return
            self.socket.close()
            why = os.strerror(failure)
        raise ServerAway(f"{self.server} cannot be reached: {why}.")

    def advance(self, now: float) -> bool:
        """One more step of the opening; whether the introduction is done.

        Raises NoAnswer, ServerAway, BlockingIOError when nothing has come, and OSError when the connection broke.
        """
        if self.stage is Stage.DIALLING:
            self._connected(now)
            return False
        if self.stage is Stage.SHAKING:
            raw = self.socket.recv(READ_BYTES)
            if not raw:
                raise ServerAway(f"{self.server} closed the connection in the middle of TLS.")
            assert self._tls is not None
            self._tls.take(raw)
            return self._shake_hands(now)
        heard = self.receive(READ_BYTES)
        if not heard:
            raise ServerAway(f"{self.server} closed the connection when we asked for {self.awaits}.")
        return self._introduce(heard, now)

    def _connected(self, now: float) -> None:
        failure = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise NoAnswer(os.strerror(failure))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.since, self.stage = now, Stage.MEETING
        if self.server.tls == "implicit":
            self._start_tls(now)
        self._watch_again()

    def _start_tls(self, now: float) -> None:
        try:
            self._tls = Tls(self.server.host, is_verified=self.server.is_verified, ca_file=self.server.ca_file)
        except OSError as error:
            raise ServerAway(
                f"{self.server} cannot be verified: no certificates can be read from {self.server.ca_file} ({error})."
            ) from error
        self.since, self.stage, self.receive = now, Stage.SHAKING, self._receive_sealed
        self._shake_hands(now)

    def _shake_hands(self, now: float) -> bool:
        """Go on with the handshake, in which the certificate is checked; then with the introduction."""
        assert self._tls is not None
        try:
            is_done = self._tls.shake_hands()
        except ssl.SSLCertVerificationError as error:
            self._alert()
            raise ServerAway(
                f"{self.server} shows a certificate that is not valid for it: {error.verify_message}; nothing was sent to it."
            ) from error
        except ssl.SSLError as error:
            self._alert()
            raise ServerAway(f"{self.server} and we come to no TLS ({error.reason or error}); is it a port for TLS?") from error
        self._send(self._tls.to_send())
        if not is_done:
            return False
        self.since, self.stage = now, Stage.MEETING
        if self.introduction.wants_tls:
            self._send(self._tls.seal(self.introduction.tls_started()))
        heard = self._tls.read()  # the greeting may have come with the last message of the handshake
        return self._introduce(heard, now) if heard else False

    def _alert(self) -> None:
        """Say why we leave, if that is possible at once."""
        if self._tls is not None:
            with contextlib.suppress(OSError):
                self.socket.send(self._tls.to_send())

    def _introduce(self, heard: bytes, now: float) -> bool:
        said = self.introduction.hear(heard)
        if said:
            self.since = now
            self._send(said if self._tls is None else self._tls.seal(said))
        if self.introduction.wants_tls:
            self._start_tls(now)
        if not self.introduction.is_done:
            return False
        self.since, self.stage = now, Stage.TALKING
        return True

    def talk_by(self, talk: Conversation | Window) -> None:
        """From now on the conversation hears what comes."""
        self.talk, self.hear = talk, talk.hear

    # ------------------------------------------------------------------ reading and writing
    def _receive_sealed(self, size_bytes: int) -> bytes:
        """As socket.recv, decrypted. Raises BlockingIOError when no whole record has come."""
        raw = self.socket.recv(size_bytes)
        if not raw:
            return raw
        assert self._tls is not None
        self._tls.take(raw)
        plain = self._tls.read()
        if answer := self._tls.to_send():  # a new key or an alert
            self._send(answer)
        if not plain:
            raise BlockingIOError
        return plain

    def write(self) -> None:
        """Write the outbox as one piece; what the socket does not take stays in `unsent`. Raises OSError."""
        plain = b"".join(self.outbox)
        raw = plain if self._tls is None else self._tls.seal(plain)
        self.outbox = []
        self._send(raw)

    def _send(self, raw: bytes) -> None:
        """Bytes as they go over the wire, after those that wait. Raises OSError; then `unsent` holds what did not go."""
        if self.unsent is not None:
            self.unsent = memoryview(bytes(self.unsent) + raw)
            return
        sent = 0
        try:
            sent = self.socket.send(raw) if raw else 0
        except BlockingIOError:
            pass
        finally:
            if sent != len(raw):
                self.unsent = memoryview(raw)[sent:]
        if self.unsent is not None:
            self._watch_again()

    def send_rest(self) -> bool:
        """Write more of what waits; whether some went. Raises OSError."""
        assert self.unsent is not None
        try:
            sent = self.socket.send(self.unsent)
        except BlockingIOError:
            return False
        self.unsent = self.unsent[sent:] if sent != len(self.unsent) else None
        if self.unsent is None:
            self._watch_again()
        return True

    # ------------------------------------------------------------------ the loop and the end
    @property
    def _events(self) -> int:
        if self.stage is Stage.DIALLING:
            return OUT
        return IN if self.unsent is None else IN | OUT

    def watch(self, poll: select.epoll) -> int:
        """Be told by `poll` of what happens on the socket; its number there."""
        self._poll = poll
        poll.register(self.socket.fileno(), self._events)
        return self.socket.fileno()

    def _watch_again(self) -> None:
        if self._poll is not None:
            self._poll.modify(self.socket.fileno(), self._events)

    def unwatch(self) -> int:
        """Be told of nothing more; the number it had."""
        number = self.socket.fileno()
        if self._poll is not None:
            self._poll.unregister(number)
            self._poll = None
        return number

    def hang_up(self, *, politely: bool = False) -> None:
        """Close the connection, with a QUIT when that costs nothing."""
        self.outbox = []
        if not hasattr(self, "socket"):  # its name was not found
            return
        if politely and self.unsent is None:
            with contextlib.suppress(OSError):
                self.socket.send(QUIT if self._tls is None else self._tls.seal(QUIT))
        self.socket.close()
