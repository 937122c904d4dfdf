"""What goes over the wire for one reader: an envelope and the exact bytes."""

from dataclasses import dataclass


@dataclass(slots=True)
class Parcel:
    """One message for one recipient.

    sender     the envelope sender, ASCII
    recipient  the envelope recipient; outside ASCII only where the server must offer SMTPUTF8 (RFC 6531 3.1)
    message    pieces that joined are the message: CRLF only, 7-bit (but for To when the recipient is outside
               ASCII), lines of at most 998 columns, no line begins with a dot,
               and the last one ends with CRLF, so that SMTP's final dot may follow at once
    """

    sender: str
    recipient: str
    message: tuple[bytes, ...]

    @property
    def size_bytes(self) -> int:
        """What SIZE declares (RFC 1870 3)."""
        return sum(map(len, self.message))
