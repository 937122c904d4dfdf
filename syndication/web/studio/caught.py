"""Reads one caught message as a person wants to see it; whatever the bytes are, something readable comes out."""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from html.parser import HTMLParser

HIDDEN_IN_LINKS = frozenset({"script", "style", "template"})
OPENS = ("https://", "http://", "mailto:")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a line of the inbox shows; words are decoded, absent headers are empty."""

    subject: str
    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the HTML part: where it leads, and its words."""

    address: str
    words: str

    @property
    def can_be_opened(self) -> bool:
        """Whether a browser may be offered it: never javascript:, data: and the like."""
        return self.address.lower().startswith(OPENS)


@dataclass(frozen=True, slots=True)
class CaughtMessage:
    """A whole message: all headers in order and decoded, both bodies ("" when absent), the links, the other parts."""

    summary: Summary
    headers: list[tuple[str, str]]
    html: str
    text: str
    links: list[Link]
    other_parts: list[str]
    """Content types of what is neither body."""


def summary_of(head: bytes) -> Summary:
    """The summary from the first bytes of a message, which need not hold all of its headers."""
    return _summary(BytesHeaderParser().parsebytes(head))


def read(raw: bytes) -> CaughtMessage:
    """The message in `raw`; broken encodings become replacement marks, never an error."""
    message = message_from_bytes(raw)
    bodies, others = {"text/html": "", "text/plain": ""}, []
    for part in _leaves(message):
        kind = part.get_content_type()
        if not bodies.get(kind, "taken") and part.get_content_disposition() != "attachment":
            bodies[kind] = _body(part)
        else:
            others.append(kind)
    return CaughtMessage(
        summary=_summary(message),
        headers=[(name, words(str(value))) for name, value in message.items()],
        html=bodies["text/html"],
        text=bodies["text/plain"],
        links=links_of(bodies["text/html"]),
        other_parts=others,
    )


def words(header: str) -> str:
    """A header's value, unfolded and with encoded words (RFC 2047) decoded; kept as it is when it cannot be."""
    unfolded = " ".join(header.split())
    try:
        return "".join(_chunk(chunk, charset) for chunk, charset in decode_header(unfolded))
    except (HeaderParseError, ValueError):
        return unfolded


def links_of(html: str) -> list[Link]:
    """Every link of an HTML document, in order, each address once."""
    collector = _Links()
    collector.feed(html)
    collector.close()
    return [Link(address, " ".join(text.split())) for address, text in collector.found.items()]


def _summary(message: Message) -> Summary:
    recipient = message["Delivered-To"] or message["X-Envelope-To"] or message["To"] or ""
    return Summary(words(str(message["Subject"] or "")), words(str(message["From"] or "")), words(str(recipient)))


def _leaves(message: Message) -> Iterator[Message]:
    return (part for part in message.walk() if not part.is_multipart())


def _body(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return _text(payload, part.get_content_charset()) if isinstance(payload, bytes) else str(payload)


def _chunk(chunk: bytes | str, charset: str | None) -> str:
    return chunk if isinstance(chunk, str) else _text(chunk, charset)


def _text(raw: bytes, charset: str | None) -> str:
    try:
        return raw.decode(charset or "utf-8", "replace")
    except LookupError:  # a character set that nobody knows
        return raw.decode("utf-8", "replace")


class _Links(HTMLParser):
    """Collects the addresses and the words of links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._open: str | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a link, or something whose text is not read."""
        self._hidden += tag in HIDDEN_IN_LINKS
        if tag == "a" and (address := dict(attrs).get("href")):
            self._open = address.strip()
            self.found.setdefault(self._open, "")

    def handle_endtag(self, tag: str) -> None:
        """Close it."""
        self._hidden -= tag in HIDDEN_IN_LINKS and self._hidden > 0
        if tag == "a":
            self._open = None

    def handle_data(self, data: str) -> None:
        """Keep the words of an open link."""
        if self._open is not None and not self._hidden:
            self.found[self._open] += data
