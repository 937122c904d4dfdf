"""Writes MAIL and RCPT for a parcel, and refuses what no server may get."""

from syndication.delivery.outcome import Answer, Stage
from syndication.delivery.parcel import Parcel
from syndication.delivery.wire.offers import Offers


class Unsendable(Exception):
    """The parcel cannot be offered to this server; `answer` is what the engine hears in the server's place.

    The stage is MAIL, since the fault is not the mailbox's: the delivery fails and the reader keeps a clean record.
    """

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.answer = Answer(Stage.MAIL, code, why)


def envelope(parcel: Parcel, offers: Offers, end: str, size_bytes: int = 0) -> bytes:
    """MAIL and RCPT for the parcel, then the command `end`, as one piece; `size_bytes` when the caller knows it. Raises Unsendable."""
    options = f" SIZE={size_bytes or parcel.size_bytes}" if offers.size else ""  # RFC 1870 5
    text = f"MAIL FROM:<{parcel.sender}>{options}\r\nRCPT TO:<{parcel.recipient}>\r\n{end}"
    written = text.encode() if text.isascii() else _international(parcel, offers, options, end)
    lines = end.count("\n") + 2
    if written.count(b"\n") != lines or written.count(b"\r") != lines or written.count(b">") != 2:  # noqa: PLR2004  # one a path
        raise Unsendable(501, f"5.1.3 {parcel.recipient!a} from {parcel.sender!a} is no address; it was not sent")
    return written


def _international(parcel: Parcel, offers: Offers, options: str, end: str) -> bytes:
    """RFC 6531 3.4: the parameter and UTF-8, and never a mangled address."""
    if not offers.smtputf8:
        raise Unsendable(553, f"5.6.7 the server does not offer SMTPUTF8, which {parcel.recipient} needs; it was not sent")  # RFC 6531 3.5
    text = f"MAIL FROM:<{parcel.sender}>{options} SMTPUTF8\r\nRCPT TO:<{parcel.recipient}>\r\n{end}"
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Unsendable(501, f"5.1.3 {parcel.recipient!a} is no address; it was not sent") from None
