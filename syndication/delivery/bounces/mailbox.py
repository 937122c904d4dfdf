"""Fetches returned mail from a mailbox by IMAP or POP3. What is not kept here stays there: nothing is marked or deleted before it is in the database."""

import contextlib
import functools
import imaplib
import logging
import poplib
import re
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import DatabaseError

from syndication.delivery.bounces.intake import MAILBOX, Came, keep
from syndication.delivery.bounces.mime import fields_of, first, header_block
from syndication.errors import Unreachable
from syndication.inbound_environment import Mailbox

SECONDS = 30.0
MOST_AT_ONCE = 200
LARGEST_MESSAGE = 20 * 1024 * 1024  # bytes; a larger one stays where it is
LARGEST_LINE = 1 << 20
_ANGLE = re.compile(r"<([^<>\s]{0,320})>")
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,15})")

log = logging.getLogger("syndication.bounces")
poplib._MAXLINE = LARGEST_LINE  # type: ignore[attr-defined]  # noqa: SLF001  # 2,048 refuses mails that others took


def fetch(clock: Callable[[], datetime], mailbox: Mailbox | None = None) -> int:
    """Keep what is new in the mailbox, at most MOST_AT_ONCE; how many. 0 without a mailbox, or when it cannot be reached: the log says why."""
    box = mailbox or settings.BOUNCE_MAILBOX
    if box is None:
        return 0
    try:
        with (_Imap if box.is_imap else _Pop)(box) as server:
            return server.fetch(clock)
    except Unreachable as error:
        log.warning("%s", error)
        return 0


class _Imap:
    """One session with an IMAP server (RFC 9051, RFC 3501)."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box

    def __enter__(self) -> Self:
        with _told(self._box):
            box = self._box
            if box.tls == "implicit":
                self._server: Any = imaplib.IMAP4_SSL(
                    box.host, box.port, ssl_context=_context(box.is_verified, box.ca_file), timeout=SECONDS
                )
            else:
                self._server = imaplib.IMAP4(box.host, box.port, timeout=SECONDS)
                if box.tls == "starttls":
                    context = _context(box.is_verified, box.ca_file)
                    _or_close(lambda: self._server.starttls(context), self._server.shutdown)
            _or_close(lambda: self._server.login(box.username, box.password), self._server.shutdown)
            self._can = self._right(self._server.capability())[0].upper().split()  # a server tells more once it knows who asks
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            self._server.logout()

    def fetch(self, clock: Callable[[], datetime]) -> int:
        with _told(self._box):
            self._right(self._server.select(_quoted(self._box.folder)))
            wanted = "UNSEEN" if self._box.done == "seen" else "UNDELETED"
            uids = self._right(self._server.uid("SEARCH", None, wanted))[0].split()
            done = 0
            for uid in uids[:MOST_AT_ONCE]:
                raw = self._message(uid)
                if raw is not None and _kept(raw, clock()):
                    self._put_away(uid)
                    done += 1
            return done

    def _message(self, uid: bytes) -> bytes | None:
        """A message without marking it; None for one that is gone, or larger than we take."""
        told = self._right(self._server.uid("FETCH", uid, "(RFC822.SIZE)"))
        size = _SIZE.search(told[0]) if told and isinstance(told[0], bytes) else None
        if size is None or int(size[1]) > LARGEST_MESSAGE:
            log.info("a message of %s bytes stays in the mailbox", size[1].decode() if size else "unknown")
            return None
        found = self._right(self._server.uid("FETCH", uid, "(BODY.PEEK[])"))
        return next((bytes(one[1]) for one in found if isinstance(one, tuple)), None)

    def _put_away(self, uid: bytes) -> None:
        box = self._box
        if box.done == "seen":
            self._right(self._server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"))
            return
        if box.done == "move":
            if b"MOVE" in self._can:  # RFC 6851
                self._right(self._server.uid("MOVE", uid, _quoted(box.moves_to)))
                return
            self._right(self._server.uid("COPY", uid, _quoted(box.moves_to)))
        self._right(self._server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
        if b"UIDPLUS" in self._can:  # RFC 4315; else the mark stays, since EXPUNGE would take others' messages too
            self._right(self._server.uid("EXPUNGE", uid))

    def _right(self, answer: tuple[str, list[Any]]) -> list[Any]:
        if answer[0] != "OK":
            raise imaplib.IMAP4.error(f"{answer[0]} {answer[1]!r}"[:200])
        return answer[1]


class _Pop:
    """One session with a POP3 server (RFC 1939); what it deletes goes when the session ends well."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box

    def __enter__(self) -> Self:
        with _told(self._box):
            box = self._box
            if box.tls == "implicit":
                self._server: poplib.POP3 = poplib.POP3_SSL(
                    box.host, box.port, timeout=SECONDS, context=_context(box.is_verified, box.ca_file)
                )
            else:
                self._server = poplib.POP3(box.host, box.port, timeout=SECONDS)
                if box.tls == "starttls":
                    context = _context(box.is_verified, box.ca_file)
                    _or_close(lambda: self._server.stls(context), self._server.close)
            _or_close(lambda: (self._server.user(box.username), self._server.pass_(box.password)), self._server.close)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(poplib.error_proto, OSError):
            self._server.quit()

    def fetch(self, clock: Callable[[], datetime]) -> int:
        with _told(self._box):
            done = 0
            for line in self._server.list()[1][:MOST_AT_ONCE]:
                number, size = (int(word) for word in line.split()[:2])
                if size > LARGEST_MESSAGE:
                    log.info("a message of %s bytes stays in the mailbox", size)
                    continue
                raw = b"\r\n".join(self._server.retr(number)[1]) + b"\r\n"
                if _kept(raw, clock()):
                    self._server.dele(number)
                    done += 1
            return done


def _or_close(act: Callable[[], object], close: Callable[[], object]) -> None:
    """Say hello; a connection on which that fails is closed."""
    try:
        act()
    except Exception:
        close()
        raise


def _kept(raw: bytes, now: datetime) -> bool:
    """Whether the message is in the database now. When that is away, the rest waits in the mailbox."""
    fields = fields_of(header_block(raw[: 64 * 1024]))
    came_from = first(fields, "return-path") or first(fields, "from")
    angle = _ANGLE.search(came_from)
    try:
        keep(Came(MAILBOX, (angle[1] if angle else came_from).strip(), "", raw), now)
    except DatabaseError as error:
        log.warning("a message stays in the mailbox: %s", error)
        return False
    return True


@contextlib.contextmanager
def _told(box: Mailbox) -> Iterator[None]:
    """Errors of the connection, in words for staff and without the password."""
    try:
        yield
    except (imaplib.IMAP4.error, poplib.error_proto, OSError, ValueError) as error:
        said = " ".join(str(error).replace(box.password, "***").split())[:200]
        raise Unreachable(f"The mailbox of {box} cannot be read: {said}. It is tried again in a minute; nothing in it was lost.") from error


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@functools.lru_cache(maxsize=4)
def _context(is_verified: bool, ca_file: str) -> ssl.SSLContext:  # noqa: FBT001  # a cache's key
    context = ssl.create_default_context(cafile=ca_file or None)
    if not is_verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
