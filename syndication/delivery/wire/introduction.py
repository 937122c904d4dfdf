"""From the greeting to the first MAIL: EHLO, STARTTLS and AUTH, without a socket.

ServerAway   the server takes no mail from us now, or not as its URL asks; nothing was offered to it
"""

import ipaddress
from base64 import b64encode
from collections.abc import Callable

from syndication.delivery.wire.offers import Offers, offers_of
from syndication.delivery.wire.replies import Garbage, Replies, Reply
from syndication.environment import SmtpAddress
from syndication.errors import Unreachable

READY = 220
AUTHENTICATED = 235
OK = 250
GO_ON = 334
LEAST_REFUSAL = 400
NO_SUCH_COMMAND = frozenset({500, 501, 502, 504, 550})  # RFC 5321 3.2, 4.2.4: then HELO


class ServerAway(Unreachable):
    """The server takes no mail from us now; nothing was offered to it."""


class Introduction:
    """One connection's way to its first message.

    Feed hear() with what is read and write what it gives. When `wants_tls` turns true, start TLS and call tls_started(); when `is_done`,
    `offers` holds what the server offered last (RFC 3207 4.2: what it said in clear counts no more).
    """

    def __init__(self, server: SmtpAddress, host_name: str) -> None:
        self.server = server
        self.offers = Offers()
        self.is_greeted = self.wants_tls = self.is_done = False
        self._host_name = host_name
        self._is_encrypted = server.tls == "implicit"
        self._replies = Replies()
        self._responses: list[str] = []  # what AUTH still has to say
        self._next: Callable[[Reply], str] = self._after_greeting

    def hear(self, heard: bytes) -> bytes:
        """Take what was read; the command to write, or nothing. Raises ServerAway."""
        self._replies.push(heard)
        said = ""
        try:
            while not self.wants_tls and not self.is_done and (reply := self._replies.next()) is not None:
                said += self._next(reply)
        except Garbage as error:
            raise ServerAway(f"{self.server} answered with {error}.") from error
        if self.wants_tls:
            self._replies.drop()
        elif self.is_done and not self._replies.is_between:
            raise ServerAway(f"{self.server} said more than we asked for.")
        return said.encode()

    def tls_started(self) -> bytes:
        """The connection is encrypted now: the introduction begins anew (RFC 3207 4.2)."""
        self._is_encrypted, self.wants_tls = True, False
        return self._hello().encode()

    def _hello(self) -> str:
        self._next = self._after_hello
        return f"{'LHLO' if self.server.is_lmtp else 'EHLO'} {self._host_name}\r\n"  # RFC 2033 4.1

    def _after_greeting(self, reply: Reply) -> str:
        if reply.code != READY:
            raise ServerAway(f"{self.server} greeted with {reply.code} {reply.text}.")
        self.is_greeted = True
        return self._hello()

    def _after_hello(self, reply: Reply) -> str:
        if reply.code == OK:
            self.offers = offers_of(reply.lines)
            return self._secured()
        if reply.code in NO_SUCH_COMMAND and not self.server.is_lmtp and self._next == self._after_hello:
            self._next = self._after_old_hello
            return f"HELO {self._host_name}\r\n"
        raise ServerAway(f"{self.server} refused our introduction as {self._host_name}: {reply.code} {reply.text}.")

    def _after_old_hello(self, reply: Reply) -> str:
        if reply.code != OK:
            raise ServerAway(f"{self.server} refused our introduction as {self._host_name}: {reply.code} {reply.text}.")
        self.offers = Offers()
        return self._secured()

    def _secured(self) -> str:
        if self.server.tls != "starttls" or self._is_encrypted:
            return self._known()
        if not self.offers.starttls:
            raise ServerAway(f"{self.server} offers no STARTTLS, which its URL asks for; nothing was sent in clear.")
        self._next = self._after_starttls
        return "STARTTLS\r\n"

    def _after_starttls(self, reply: Reply) -> str:
        if reply.code != READY:
            raise ServerAway(f"{self.server} refused STARTTLS ({reply.code} {reply.text}); nothing was sent in clear.")
        self.wants_tls = True
        return ""

    def _known(self) -> str:
        """Log in when the URL has a user name."""
        if not self.server.username:
            self.is_done = True
            return ""
        if not (self._is_encrypted or self.server.allows_clear_password or _is_this_machine(self.server.host)):
            raise ServerAway(
                f"{self.server} would get the password in clear: add ?tls=starttls to its URL or write smtps://, or allow it by clear_password=yes."
            )
        first, self._responses = self._credentials(self._mechanism())
        self._next = self._after_auth
        return first

    def _mechanism(self) -> str:
        wanted = [self.server.auth.upper()] if self.server.auth else ["PLAIN", "LOGIN", "XOAUTH2"]
        for mechanism in wanted:
            if mechanism in self.offers.auth:
                return mechanism
        offered = ", ".join(sorted(self.offers.auth)) or "none"
        raise ServerAway(f"{self.server} cannot be logged in to: it offers {offered} of the ways of AUTH, we need {' or '.join(wanted)}.")

    def _credentials(self, mechanism: str) -> tuple[str, list[str]]:
        """The AUTH command, and what to answer to each 334."""
        user, password = self.server.username, self.server.password
        if mechanism == "PLAIN":
            return "AUTH PLAIN " + _base64(f"\0{user}\0{password}") + "\r\n", []  # RFC 4616 2
        if mechanism == "LOGIN":
            return "AUTH LOGIN\r\n", [_base64(user) + "\r\n", _base64(password) + "\r\n"]
        return "AUTH XOAUTH2 " + _base64(f"user={user}\x01auth=Bearer {password}\x01\x01") + "\r\n", [
            "\r\n"
        ]  # a 334 is a refusal; the 535 comes next

    def _after_auth(self, reply: Reply) -> str:
        if reply.code == GO_ON and self._responses:
            return self._responses.pop(0)
        if reply.code != AUTHENTICATED:
            raise ServerAway(f"{self.server} refused the user name or password ({reply.code} {reply.text}).")
        self.is_done = True
        return ""


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
