"""What IMAP and POP3 have in common: hello with or without TLS, goodbye, and errors in words for staff."""

import abc
import contextlib
import functools
import imaplib
import logging
import poplib
import ssl
from collections.abc import Iterator
from typing import Self

from syndication.errors import Unreachable
from syndication.inbound_environment import Mailbox

SECONDS = 30.0
MOST_AT_ONCE = 200
LARGEST_MESSAGE = 20 * 1024 * 1024  # bytes; a larger one stays where it is

log = logging.getLogger("syndication.bounces")


class Session(abc.ABC):
    """One session with a server, for `with`; in it, every error of the connection becomes Unreachable."""

    def __init__(self, box: Mailbox) -> None:
        self.box = box

    def __enter__(self) -> Self:
        with told(self.box):
            self._connect(_context(self.box) if self.box.tls == "implicit" else None)
            try:
                if self.box.tls == "starttls":
                    self._start_tls(_context(self.box))
                self._log_in()
            except Exception:
                self._close()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(imaplib.IMAP4.error, poplib.error_proto, OSError):
            self._say_goodbye()

    @abc.abstractmethod
    def messages(self) -> Iterator[tuple[str, bytes]]:
        """Number and text of what is new, at most MOST_AT_ONCE; nothing is marked by it, and what is too large stays."""

    @abc.abstractmethod
    def put_away(self, number: str) -> None:
        """Mark, move or delete a message that is kept here."""

    @abc.abstractmethod
    def _connect(self, context: ssl.SSLContext | None) -> None:
        """Connect, encrypted from the first byte where there is a context."""

    @abc.abstractmethod
    def _start_tls(self, context: ssl.SSLContext) -> None: ...

    @abc.abstractmethod
    def _log_in(self) -> None: ...

    @abc.abstractmethod
    def _close(self) -> None:
        """Close the connection without a word."""

    @abc.abstractmethod
    def _say_goodbye(self) -> None: ...


@contextlib.contextmanager
def told(box: Mailbox) -> Iterator[None]:
    """Errors of the connection, in words for staff and without the password."""
    try:
        yield
    except (imaplib.IMAP4.error, poplib.error_proto, OSError, ValueError) as error:
        said = " ".join(str(error).replace(box.password, "***").split())[:200]
        raise Unreachable(f"The mailbox of {box} cannot be read: {said}. It is tried again in a minute; nothing in it was lost.") from error


def is_too_large(size_bytes: int | None) -> bool:
    """Whether a message stays where it is for its size, which is said in the log; so does one whose size nobody knows."""
    if size_bytes is not None and size_bytes <= LARGEST_MESSAGE:
        return False
    log.info("a message of %s bytes stays in the mailbox", "unknown" if size_bytes is None else size_bytes)
    return True


def _context(box: Mailbox) -> ssl.SSLContext:
    return _made_context(box.is_verified, box.ca_file)


@functools.lru_cache(maxsize=4)
def _made_context(is_verified: bool, ca_file: str) -> ssl.SSLContext:  # noqa: FBT001  # a cache's key
    context = ssl.create_default_context(cafile=ca_file or None)
    if not is_verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
