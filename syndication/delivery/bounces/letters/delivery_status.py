"""Reads delivery status notifications (RFC 3464): who was meant, what became of it, and what the receiving server said."""

import re
from dataclasses import dataclass

from syndication.delivery.bounces.letters.letter import Fields
from syndication.delivery.bounces.letters.mime import first

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[\s\-#:;]|$)")
_ANGLE = re.compile(r"<([^<>]{1,320})>")


@dataclass(frozen=True, slots=True)
class Told:
    """What a notification says of one recipient: `action` is failed, delayed, delivered, relayed or expanded; status "5.1.1" or ""."""

    address: str
    action: str
    status: str
    diagnostic: str

    @property
    def code(self) -> int:
        """A reply code of three digits: that of the diagnostic, else what the status stands for."""
        found = _CODE.search(self.diagnostic) if not self.status.startswith("4") else None
        return int(found[1]) if found else 450 if self.status.startswith("4") else 550

    @property
    def words(self) -> str:
        """Diagnostic and status as one reply. The diagnostic comes first: Exim writes 5.0.0 beside "550 5.1.1 no such user"."""
        known = "" if not self.status or self.status[1:] == ".0.0" or _STATUS.search(self.diagnostic) else f" {self.status}"
        return f"{self.diagnostic}{known}".strip()


def told(blocks: tuple[Fields, ...]) -> list[Told]:
    """The recipients of a notification, in order; blocks about the whole message are left out."""
    found = []
    for block in blocks:
        action = _action(first(block, "action"))
        if action:
            status = first(block, "status")
            found.append(Told(_address(block), action, _status(status), _diagnostic(block) or _STATUS.sub("", status).strip(" ()")))
    return found


def _action(value: str) -> str:
    """The action; OpenSMTPD writes "error" for failed."""
    word = value.strip().lower()
    if word.startswith(("fail", "error")):
        return "failed"
    return next((known for known in ("delayed", "delivered", "relayed", "expanded") if word.startswith(known)), "")


def _status(value: str) -> str:
    found = _STATUS.search(value)
    return found[0] if found else ""


def _diagnostic(block: Fields) -> str:
    """The server's words, without the type before them."""
    value = first(block, "diagnostic-code")
    head, mark, rest = value.partition(";")
    return " ".join((rest if mark and re.fullmatch(r"[\w-]{1,40}", head.strip()) else value).split())[:1000]


def _address(block: Fields) -> str:
    """The recipient as the sender knew it, else the final one (RFC 3464 2.3.1, 2.3.2)."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        value = first(block, name)
        kind, mark, rest = value.partition(";")
        text = rest if mark and kind.strip().lower() in {"rfc822", "utf-8", "unknown", "smtp"} else "" if mark else value
        angle = _ANGLE.search(text)
        address = (angle[1] if angle else text).strip().strip('"')
        if "@" in address and not any(letter.isspace() for letter in address):
            return address[:320]
    return ""
