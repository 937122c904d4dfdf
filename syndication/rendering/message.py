"""Composes the exact bytes of one message: multipart/alternative, pure ASCII, ready for SMTP's DATA.

Everything that is the same for all readers is written once, when the mailing is compiled; for each reader only the
templates are filled, encoded and put between the prepared pieces. `email.message` is 300 times slower and, on Python 3.11,
wrong for subjects; the tests read every message back with it.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2s
from typing import Any, NamedTuple, Protocol

from markupsafe import escape

from syndication.rendering.header_words import encode_text, one_line
from syndication.rendering.mail_headers import (
    CAMPAIGN,
    CONFIRMATION,
    Envelope,
    Links,
    checked_message_id,
    own_headers,
    shared_headers,
    to_mailbox,
)
from syndication.rendering.merge import (
    Answers,
    Encoding,
    Shapes,
    compile_merge,
    compile_pieces,
    fixed_template,
    printable,
    reader_fields,
)
from syndication.rendering.merge.limits import TooMuch
from syndication.rendering.merge.source import has_fields
from syndication.rendering.quoted_printable import (
    SHORT,
    encode_pieces,
    piece,
    piece_of_markup_word,
    piece_of_word,
    plain_link_piece,
    plain_piece,
    short_piece,
    without_last_break,
)
from syndication.rendering.reader import Reader, ReaderRow

__all__ = ["CAMPAIGN", "CONFIRMATION", "CompiledMailing", "Envelope", "Links", "Templates"]

MOST_PAGES = 4  # that one mailing's messages link to; more are only seen by tests
_SUBJECT_COLUMN = len("Subject: ")
_NO_LINKS = Links(unsubscribe="", one_click="", unsubscribe_mailto="", page="").as_values()


class Templates(Protocol):
    """The three sources of a mailing, as email.EmailTemplates holds them."""

    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def html(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102


class CompiledMailing:
    """A frozen mailing, compiled once; every method may be called from any thread.

    uid  anything that belongs to this mailing only: it makes the boundary, so that the same mailing gives the same bytes
    Raises BadTemplate for sources that do not compile and BadAddress for a wrong sender.
    """

    def __init__(self, templates: Templates, envelope: Envelope, *, uid: str) -> None:
        self._subject = compile_merge(templates.subject, where="subject", markup=False, brand={})
        self._html = compile_merge(templates.html, where="HTML", markup=True, brand={})
        self._text = compile_merge(templates.text, where="text", markup=False, brand={})
        self._templates = templates
        self._quick: dict[str, _Quick] = {}
        self._is_plain = False
        self._is_campaign = envelope.kind == CAMPAIGN
        boundary = f"=_{blake2s(uid.encode(), digest_size=12).hexdigest()}"  # "=_" occurs in no quoted-printable text
        self._shared_headers = shared_headers(envelope, boundary, uid)
        self._before_text = _part_start("", boundary, "text/plain")
        self._before_html = _part_start("\r\n", boundary, "text/html")
        self._end = f"\r\n--{boundary}--\r\n".encode("ascii")

    @property
    def shared_headers(self) -> bytes:
        """The headers that are the same for all readers, the first ones of each message; they end with CRLF."""
        return self._shared_headers

    def compose(self, reader: Reader, links: Links, *, message_id: str, date: datetime) -> bytes:
        """The message for one reader: ASCII, CRLF only, lines of at most 998 columns and no dot at the start of a body line.

        message_id  left@right, with or without angle brackets; the same at every attempt
        date        aware; the moment of the first attempt
        Raises BadTemplate when a merge field fails for this reader, BadAddress when the address cannot be written.
        """
        own, body = self.compose_parts(reader, links, message_id=message_id, date=date)
        return b"".join((self._shared_headers, own, b"\r\n", body))

    def compose_parts(self, reader: Reader, links: Links, *, message_id: str, date: datetime) -> tuple[bytes, bytes]:
        """The two parts of compose() that are the reader's: headers that end with CRLF, and the body after the blank line.

        The body ends with exactly one CRLF, as DKIM's "simple" form wants it (RFC 6376 3.4.3).
        """
        own, body = self._parts(Answers.about(reader, links), links.as_uris(), checked_message_id(message_id), date)
        return own, b"".join(body)

    def parts_for(self, row: ReaderRow, links: Links, message_id: str, date: datetime) -> tuple[bytes, Sequence[bytes]]:
        """compose_parts() for a reader's row, quicker: the body in pieces, which the sender joins with what comes next on the wire.

        links       as_uris() for sure
        message_id  left@right for sure
        """
        return self._parts(Answers(row, links), links, message_id, date)

    def _parts(self, answers: Answers, links: Links, message_id: str, date: datetime) -> tuple[bytes, Sequence[bytes]]:
        try:
            quick = self._quick.get(links.page) or self._prepare(links.page)
            body, *subjects = quick.shapes.fill(answers)
            subject = quick.subject or _encoded("".join(subjects[0]))
        except Exception:  # noqa: BLE001  # whatever it was, the general way does it or says why it cannot
            subject, body = self._plain_parts(answers)
        row = answers.row
        if self._is_campaign:
            return own_headers(to_mailbox(row.name, row.address), subject, links, date, message_id), body
        return own_headers(to_mailbox("", row.address), subject, None, date, message_id), body  # a stranger may have typed the name

    def _prepare(self, page: str) -> "_Quick":
        """What the quick way needs, for messages that link to this page: one in a mailing's life. Raises anything."""
        if self._is_plain:
            raise TooMuch("the quick way cannot keep to the limits.")
        if len(self._quick) >= MOST_PAGES:
            self._quick.clear()
        self._is_plain = True  # unless what follows succeeds
        self._quick[page] = prepared = self._compiled(page)
        self._is_plain = False
        return prepared

    def _compiled(self, page: str) -> "_Quick":
        sources, links = self._templates, {"page_url": page}
        text = compile_pieces(sources.text, where="text", markup=False, encoding=_IN_TEXT, links=links)
        html = compile_pieces(sources.html, where="HTML", markup=True, encoding=_IN_HTML, links=links)
        before_text, before_html, end = (fixed_template(part) for part in (self._before_text, self._before_html, self._end))
        body = (before_text, text, before_html, html, end)
        if not has_fields(sources.subject):
            return _Quick(Shapes([body]), _encoded(sources.subject))
        subject = compile_pieces(sources.subject, where="subject", markup=False, encoding=_IN_SUBJECT, links=links)
        return _Quick(Shapes([body, [subject]]), "")

    def _plain_parts(self, answers: Answers) -> tuple[str, Sequence[bytes]]:
        """The encoded subject and the body by the general way, which sets the standard. Raises BadTemplate."""
        subscriber, values = reader_fields(answers.reader), answers.links.as_values()
        subject = self._subject.fill_from(subscriber, values)
        text = encode_pieces(self._text.pieces_from(subscriber, values))
        html = encode_pieces(self._html.pieces_from(subscriber, values))
        return _encoded(subject), (self._before_text, text, self._before_html, html, self._end)

    def html(self, reader: Reader, links: Links) -> str:
        """The HTML part as compose() encodes it."""
        return self._html.fill(reader, links.as_values())

    def text(self, reader: Reader, links: Links) -> str:
        """The text part as compose() encodes it."""
        return self._text.fill(reader, links.as_values())

    def subject(self, reader: Reader) -> str:
        """The subject as a mail reader shows it: one line."""
        return one_line(self._subject.fill(reader, _NO_LINKS))


def _piece_of_value(value: Any) -> bytes:
    if type(value) is str and len(value) <= SHORT:
        return short_piece(value)
    return piece(str(printable(value)))


def _piece_of_markup(value: Any) -> bytes:
    if type(value) is str and len(value) <= SHORT:
        return _short_markup(value)
    return piece(str(escape(printable(value))))


@lru_cache(maxsize=4096)
def _short_markup(text: str) -> bytes:
    return piece_of_markup_word(text)


_IN_SUBJECT = Encoding(fixed=str, ended=str, printed=lambda value: str(printable(value)), once=str)
_IN_TEXT = Encoding(
    fixed=piece, ended=without_last_break, printed=_piece_of_value, once=piece_of_word, plain=plain_piece, plain_once=plain_link_piece
)
_IN_HTML = Encoding(
    fixed=piece,
    ended=without_last_break,
    printed=_piece_of_markup,
    once=piece_of_markup_word,
    plain=plain_piece,
    plain_once=plain_link_piece,
)


class _Quick(NamedTuple):
    """The body and the subject of one mailing, compiled for the quick way; a subject that is the same for all is no template."""

    shapes: Shapes
    subject: str


def _encoded(subject: str) -> str:
    return _short_subject(subject) if len(subject) <= SHORT else encode_text(subject, column=_SUBJECT_COLUMN)


@lru_cache(maxsize=1024)
def _short_subject(subject: str) -> str:
    return encode_text(subject, column=_SUBJECT_COLUMN)


def _part_start(before: str, boundary: str, media_type: str) -> bytes:
    return (
        f"{before}--{boundary}\r\nContent-Type: {media_type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode("ascii")
