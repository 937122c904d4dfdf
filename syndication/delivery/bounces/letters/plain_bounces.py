"""Reads bounces that are no notifications by the rules of flufl.bounce, which knows how dozens of mail servers write theirs."""

import re
from email import message_from_bytes
from typing import NamedTuple

from flufl.bounce import all_failures

LARGEST_READ = 64 * 1024  # bytes
MOST_MULTIPARTS = 30  # email's own parser goes down into each of them
_NESTING = re.compile(rb"multipart/|message/", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"^\W{0,20}(?:below (?:this|the next) line is|(?:this|here|below) is a? ?(?:the )?copy|(?:start of )?returned (?:mail|message)|old message:|"
    r"(?:original|unsent|the original) message\b|message (?:text|header) follows|header of the source|mensaje original|received: |return-path: )",
    re.IGNORECASE | re.MULTILINE,
)
_TRANSCRIPT = re.compile(
    r"^[^\S\n]{0,9}(?:[<>]{3}[^\S\n]{0,9})?(?:EHLO|HELO|MAIL FROM|RCPT TO|DATA|QUIT|[23]\d\d[ -]).*$", re.IGNORECASE | re.MULTILINE
)
_AROUND = 500  # characters before and after an address: what a server writes about it


class Found(NamedTuple):
    """Addresses that a server calls undeliverable, for now or for good."""

    temporary: tuple[str, ...] = ()
    permanent: tuple[str, ...] = ()


def found_in(raw: bytes) -> Found:
    """What flufl.bounce finds; nothing in a message that is nested too deep for it, or that breaks one of its rules. Never raises."""
    piece = raw[:LARGEST_READ]
    if len(_NESTING.findall(piece)) > MOST_MULTIPARTS:
        return Found()
    try:
        temporary, permanent = all_failures(message_from_bytes(piece))
    except Exception:  # noqa: BLE001  # its rules meet whatever strangers send: a rule that breaks knows nothing
        return Found()
    return Found(_texts(temporary), _texts(permanent))


def prose(text: str) -> str:
    """What the server itself wrote: without the original behind it, and without the commands of a transcript."""
    return _TRANSCRIPT.sub("", _ORIGINAL.split(text, maxsplit=1)[0])


def words_about(text: str, address: str) -> tuple[str, str]:
    """What the mail says behind an address, and before it; its beginning and nothing when the address is not in it."""
    at = text.lower().find(address.lower()) if address else -1
    if at < 0:
        return " ".join(text[: 2 * _AROUND].split()), ""
    end = at + len(address)
    return " ".join(text[end : end + _AROUND].split()), " ".join(text[max(0, at - _AROUND) : at].split())


def _texts(addresses: frozenset[bytes]) -> tuple[str, ...]:
    return tuple(sorted(one.decode("utf-8", "replace")[:320] for one in addresses if one))
