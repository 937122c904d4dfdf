"""What a mail that came back says, in the parts that matter: its envelope, its fields, its reports, the original that it returns."""

import re
from dataclasses import dataclass
from html import unescape

from syndication.delivery.bounces.letters.mime import Part, body_of, every, fields_of, first, header_block, readable, take_apart, text_of

Fields = tuple[tuple[str, str], ...]

REPORTS = {
    "message/delivery-status": "status",
    "message/global-delivery-status": "status",
    "message/feedback-report": "feedback",
    "message/disposition-notification": "receipt",
    "message/global-disposition-notification": "receipt",
}
ORIGINALS = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers", "text/rfc822"}
)
LONGEST_TEXT = 20_000  # characters
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BLANK_LINE = re.compile(rb"(?:\r?\n[ \t]*){2,}")
MOST_BLOCKS = 100
DAEMONS = re.compile(
    r"(?:mailer|mail|mailing|list)[-_. ]?daemon|postmaster|mdaemon|mail[-_. ]?delivery(?:[-_. ]?(?:system|subsystem|service))?|"
    r"microsoftexchange[0-9a-f]*|mailadm(?:in)?|smtp[-_. ]?gateway|mailerror|bounces?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"([^\s<>\"(),;:]{1,64})@([^\s<>\"(),;:]{1,255})")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail that came in.

    sender     the envelope's; "" for the null sender
    recipient  the envelope's; "" where the mailbox did not tell
    status, feedback, receipt  the reports' blocks of fields, in order
    original   the fields of the first message that it returns
    text       what a person would read of it, without the original
    is_whole   False when a bound was met and there is more than we look at
    """

    sender: str
    recipient: str
    fields: Fields
    kind: str
    report_type: str
    status: tuple[Fields, ...] = ()
    feedback: tuple[Fields, ...] = ()
    receipt: tuple[Fields, ...] = ()
    original: Fields = ()
    text: str = ""
    is_whole: bool = True

    def field(self, name: str) -> str:
        """The first value of a field, its encoded words decoded."""
        return readable(first(self.fields, name))

    def every(self, *names: str) -> list[str]:
        """All values of some fields."""
        return every(self.fields, *names)

    @property
    def is_from_daemon(self) -> bool:
        """Whether a mail system wrote it: the null sender, or a name that mail systems have (RFC 5321 4.5.5)."""
        local = self.sender.rpartition("@")[0] or self.sender
        found = _ADDRESS.search(self.field("from"))
        return not self.sender or bool(DAEMONS.fullmatch(local)) or bool(found and DAEMONS.fullmatch(found[1]))


def open_letter(raw: bytes, *, sender: str = "", recipient: str = "") -> Letter:
    """Read a mail; never raises, and looks at a bounded part of it."""
    taken = take_apart(raw)
    reports: dict[str, list[Fields]] = {"status": [], "feedback": [], "receipt": []}
    original: Fields = ()
    texts = list[str]()
    for part in taken.parts:
        if part.kind in REPORTS:
            reports[REPORTS[part.kind]] += _blocks(body_of(raw, part))
        elif part.kind in ORIGINALS:
            original = original or fields_of(header_block(body_of(raw, part)))
        elif part.kind.startswith("text/") and sum(map(len, texts)) < LONGEST_TEXT and not original:
            texts.append(_text(raw, part))
    return Letter(
        sender=sender,
        recipient=recipient,
        fields=taken.fields,
        kind=taken.kind,
        report_type=taken.parameters.get("report-type", "").lower(),
        status=tuple(reports["status"]),
        feedback=tuple(reports["feedback"]),
        receipt=tuple(reports["receipt"]),
        original=original,
        text="\n".join(texts)[:LONGEST_TEXT],
        is_whole=taken.is_whole,
    )


def _text(raw: bytes, part: Part) -> str:
    text = text_of(raw, part)[:LONGEST_TEXT]
    return unescape(_TAG.sub(" ", text)) if part.kind == "text/html" else text


def _blocks(body: bytes) -> list[Fields]:
    """Blocks of fields between empty lines (RFC 3464 2.1)."""
    pieces = _BLANK_LINE.split(body.strip(), maxsplit=MOST_BLOCKS)[:MOST_BLOCKS]
    return [fields for piece in pieces if (fields := fields_of(piece))]
