"""Reads a mailbox by IMAP (RFC 9051, RFC 3501)."""

import imaplib
import re
import ssl
from collections.abc import Iterator
from typing import Any

from syndication.delivery.bounces.mailbox.session import MOST_AT_ONCE, SECONDS, Session, is_too_large

_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,15})")


class Imap(Session):
    """One session with an IMAP server; a message is put away by its UID at once."""

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """See Session."""
        _right(self._server.select(_quoted(self.box.folder)))
        wanted = "UNSEEN" if self.box.done == "seen" else "UNDELETED"
        for number in _right(self._server.uid("SEARCH", None, wanted))[0].decode().split()[:MOST_AT_ONCE]:
            raw = self._message(number)
            if raw is not None:
                yield number, raw

    def put_away(self, number: str) -> None:
        """See Session."""
        done = self.box.done
        if done == "seen":
            self._uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)")
            return
        if done == "move":
            if b"MOVE" in self._can:  # RFC 6851
                self._uid("MOVE", number, _quoted(self.box.moves_to))
                return
            self._uid("COPY", number, _quoted(self.box.moves_to))
        self._uid("STORE", number, "+FLAGS.SILENT", r"(\Deleted)")
        if b"UIDPLUS" in self._can:  # RFC 4315; else the mark stays, since EXPUNGE would take others' messages too
            self._uid("EXPUNGE", number)

    def _message(self, number: str) -> bytes | None:
        """A message without marking it; None for one that is gone, or larger than we take."""
        said = self._uid("FETCH", number, "(RFC822.SIZE)")
        size = _SIZE.search(said[0]) if said and isinstance(said[0], bytes) else None
        if is_too_large(int(size[1]) if size else None):
            return None
        found = self._uid("FETCH", number, "(BODY.PEEK[])")
        return next((bytes(one[1]) for one in found if isinstance(one, tuple)), None)

    def _uid(self, *words: str) -> list[Any]:
        return _right(self._server.uid(*words))

    def _connect(self, context: ssl.SSLContext | None) -> None:
        where = (self.box.host, self.box.port)
        self._server: Any = (
            imaplib.IMAP4_SSL(*where, ssl_context=context, timeout=SECONDS) if context else imaplib.IMAP4(*where, timeout=SECONDS)
        )

    def _start_tls(self, context: ssl.SSLContext) -> None:
        self._server.starttls(context)

    def _log_in(self) -> None:
        self._server.login(self.box.username, self.box.password)
        self._can = _right(self._server.capability())[0].upper().split()  # a server tells more once it knows who asks

    def _close(self) -> None:
        self._server.shutdown()

    def _say_goodbye(self) -> None:
        self._server.logout()


def _right(answer: tuple[str, list[Any]]) -> list[Any]:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(f"{answer[0]} {answer[1]!r}"[:200])
    return answer[1]


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
