"""Writes the headers of a message: those that all readers of a mailing share, and those of one copy."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from syndication.rendering.header_words import (
    ascii_address,
    ascii_domain,
    encode_name,
    international_address,
    mailbox,
    one_line,
    plain_mailbox,
    with_bracketed,
)

CAMPAIGN = "campaign"
CONFIRMATION = "confirmation"
LONGEST_NAME = 70  # characters of a reader's name in To; a longer one is hardly a name

_TO_COLUMN = len("To: ")
_URI_SAFE = ":/?#[]@!$&'()*+,;=%~-._"
_LABEL_OTHERS = re.compile(r"[^A-Za-z0-9-]+")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")  # RFC 5646 2.1
_NAME_TO_DISTRUST = re.compile(r"[@<>]|://|www\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the headers of a mailing say, the same for all its readers.

    from_name, from_address, reply_to  as people write them; the domain may be an IDN; reply_to may be empty
    mail_domain  the sender's own domain: the right side of List-Id
    list_id      "weekly.news.example.org", without angle brackets
    kind         "campaign" or "confirmation"
    language     a language tag, or empty
    """

    from_name: str
    from_address: str
    reply_to: str
    mail_domain: str
    list_id: str
    list_name: str
    kind: str = CAMPAIGN
    language: str = ""

    def as_json(self) -> dict[str, str]:
        """A dict for a JSON column; from_json() reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Envelope":
        """The envelope of as_json(); keys that it does not know are left aside."""
        return cls(**{field.name: str(kept[field.name]) for field in fields(cls) if field.name in kept})


class Links(NamedTuple):
    """The links of one copy; each carries the token of its one reader.

    unsubscribe         a page with a button, in the body
    one_click           the https URI of List-Unsubscribe, which takes the one-click POST (RFC 8058)
    unsubscribe_mailto  "mailto:…", or an address; empty to leave it out
    page                the article on the web; empty when it is not there
    confirm             the page on which a new reader says yes
    preferences         the page on which the reader chooses what comes and how, in the body
    """

    unsubscribe: str
    one_click: str
    unsubscribe_mailto: str
    page: str
    confirm: str = ""
    preferences: str = ""

    def as_values(self) -> dict[str, str]:
        """The links under the names that templates use."""
        return {
            "unsubscribe_url": self.unsubscribe,
            "page_url": self.page,
            "confirm_url": self.confirm,
            "preferences_url": self.preferences,
        }

    def as_uris(self) -> "Links":
        """The same links, with those of List-Unsubscribe in the letters of a header (RFC 2369 2)."""
        mailto = self.unsubscribe_mailto
        if mailto and not mailto.startswith("mailto:"):
            mailto = f"mailto:{mailto}"
        return self._replace(one_click=quote(self.one_click, safe=_URI_SAFE), unsubscribe_mailto=quote(mailto, safe=_URI_SAFE))


def shared_headers(envelope: Envelope, boundary: str, uid: str) -> bytes:
    """What stands first in each message of a mailing, ending with CRLF. Raises BadAddress for a wrong sender."""
    lines = [f"From: {mailbox(envelope.from_name, envelope.from_address, column=len('From: '))}"]
    if envelope.reply_to:
        lines.append(f"Reply-To: {ascii_address(envelope.reply_to)}")
    lines += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"']
    if _LANGUAGE_TAG.fullmatch(envelope.language):
        lines.append(f"Content-Language: {envelope.language}")
    if envelope.kind == CAMPAIGN:
        lines += [
            f"List-Id: {_list_id(envelope)}",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",  # RFC 8058 3.1, exact
            f"Feedback-ID: {_feedback_id(envelope, uid)}",
            "Precedence: bulk",  # keeps vacation programs silent
        ]
    else:
        lines.append("Auto-Submitted: auto-generated")  # RFC 3834 5
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def _list_id(envelope: Envelope) -> str:
    """`Name <label.domain>`, RFC 2919 2 and 3; the same for each mailing of the list."""
    domain = ascii_domain(envelope.mail_domain)
    label = envelope.list_id.strip("<> ").removesuffix(envelope.mail_domain).strip(".")
    identifier = f"<{_label(label)}.{domain}>"
    column = len("List-Id: ")
    name = one_line(envelope.list_name)
    return with_bracketed(encode_name(name, column=column), identifier, column=column) if name else identifier


def _label(text: str) -> str:
    return _LABEL_OTHERS.sub("-", text).strip("-") or "list"


def _feedback_id(envelope: Envelope, uid: str) -> str:
    """mailing:list:kind:sender, which Gmail's feedback loop counts complaints by; no part names a reader."""
    label = envelope.list_id.strip("<> ").partition(".")[0]
    sender = _label(ascii_domain(envelope.mail_domain))[:15].strip("-")
    return f"{_label(uid)[:32]}:{_label(label)[:20]}:{envelope.kind}:{sender}"


def own_headers(to: str, subject: str, links: Links | None, date: datetime, message_id: str) -> bytes:
    """The headers of one copy, ending with CRLF.

    to          the mailbox of the one reader, see to_mailbox()
    subject     encoded, see header_words.encode_text()
    links       of a campaign, see Links.as_uris(); None leaves List-Unsubscribe out
    date        aware; the moment of the first attempt
    message_id  left@right
    Raises ValueError for a date without a zone.
    """
    unsubscribe = "" if links is None else _list_unsubscribe(links)
    sent = _date(date)
    return f"To: {to}\r\nSubject: {subject}\r\n{unsubscribe}Date: {sent}\r\nMessage-ID: <{message_id}>\r\n".encode()


def to_mailbox(name: str, address: str) -> str:
    """The reader in To; a name that looks like an address, a link or a text is left out. Raises BadAddress.

    An address whose local part is outside ASCII stands there in UTF-8: only servers with SMTPUTF8 get the message (RFC 6531 3.2).
    """
    plain = plain_mailbox(name, address, column=_TO_COLUMN)
    return plain or mailbox(_trusted(name) if name else "", address, column=_TO_COLUMN, written=international_address)


def _trusted(name: str) -> str:
    name = " ".join(one_line(name[: LONGEST_NAME + 1]).split())
    return "" if len(name) > LONGEST_NAME or _NAME_TO_DISTRUST.search(name) else name


def _list_unsubscribe(links: Links) -> str:
    """A comma list of one URI each, <https://…>, <mailto:…> (RFC 2369 2, 3.2; RFC 8058 3.1)."""
    mailto = f",\r\n <{links.unsubscribe_mailto}>" if links.unsubscribe_mailto else ""
    return f"List-Unsubscribe: <{links.one_click}>{mailto}\r\n"


def _date(moment: datetime) -> str:
    """RFC 5322 3.3, with a numeric zone; messages of one second share one moment."""
    global _last_date  # noqa: PLW0603  # one tuple, put in place at once
    last, text = _last_date
    if last is not moment:
        if moment.tzinfo is None:
            raise ValueError(f"the date {moment} has no time zone")
        text = format_datetime(moment)
        _last_date = moment, text
    return text


_last_date: tuple[datetime | None, str] = None, ""


def checked_message_id(message_id: str) -> str:
    """A Message-ID without its angle brackets. Raises ValueError when it is none."""
    left, at, right = message_id.strip("<> \r\n").rpartition("@")
    if not (at and left and right and message_id.isascii() and message_id.isprintable() and " " not in left + right):
        raise ValueError(f"{message_id!r} is not a Message-ID: it needs left@right in plain letters")
    return f"{left}@{right}"
