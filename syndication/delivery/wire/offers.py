"""What a server offers in its answer to EHLO or LHLO (RFC 5321 4.1.1.1)."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offers:
    """The extensions that matter to us; `auth` holds mechanisms in capitals."""

    pipelining: bool = False  # RFC 2920
    chunking: bool = False  # RFC 3030
    size: bool = False  # RFC 1870
    smtputf8: bool = False  # RFC 6531
    starttls: bool = False  # RFC 3207
    auth: frozenset[str] = frozenset()  # RFC 4954


def offers_of(lines: Iterable[bytes]) -> Offers:
    """The offers in the lines of a reply to EHLO; the first line is the server's name. Unknown ones are passed over."""
    words = [
        line.decode("ascii", "replace").upper().replace("=", " ", 1).split() for line in list(lines)[1:]
    ]  # "AUTH=LOGIN" is an old form
    names = {one[0] for one in words if one}
    return Offers(
        pipelining="PIPELINING" in names,
        chunking="CHUNKING" in names,
        size="SIZE" in names,
        smtputf8="SMTPUTF8" in names,
        starttls="STARTTLS" in names,
        auth=frozenset(mechanism for one in words if one and one[0] == "AUTH" for mechanism in one[1:]),
    )
