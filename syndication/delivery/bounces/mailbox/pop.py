"""Reads a mailbox by POP3 (RFC 1939)."""

import poplib
import ssl
from collections.abc import Iterator

from syndication.delivery.bounces.mailbox.session import MOST_AT_ONCE, SECONDS, Session, is_too_large

poplib._MAXLINE = 1 << 20  # type: ignore[attr-defined]  # noqa: SLF001  # 2,048 refuses mails that others took


class Pop(Session):
    """One session with a POP3 server; what it deletes goes when the session ends well."""

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """See Session."""
        for line in self._server.list()[1][:MOST_AT_ONCE]:
            number, size = line.decode().split()[:2]
            if not is_too_large(int(size)):
                yield number, b"\r\n".join(self._server.retr(number)[1]) + b"\r\n"

    def put_away(self, number: str) -> None:
        """See Session."""
        self._server.dele(number)

    def _connect(self, context: ssl.SSLContext | None) -> None:
        where = (self.box.host, self.box.port)
        self._server: poplib.POP3 = (
            poplib.POP3_SSL(*where, timeout=SECONDS, context=context) if context else poplib.POP3(*where, timeout=SECONDS)
        )

    def _start_tls(self, context: ssl.SSLContext) -> None:
        self._server.stls(context)

    def _log_in(self) -> None:
        self._server.user(self.box.username)
        self._server.pass_(self.box.password)

    def _close(self) -> None:
        self._server.close()

    def _say_goodbye(self) -> None:
        self._server.quit()
