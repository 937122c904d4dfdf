"""Decides what a mail that came back is: a bounce and of which class, a complaint, a wish to leave, or nothing against anybody.

Looked for in this order: a wish to leave by its address, a complaint report (RFC 5965), a receipt (RFC 8098), a delivery status
(RFC 3464), an automatic answer (RFC 3834), then what flufl.bounce knows. Only what a mail system wrote is read by flufl.bounce.
"""

import re
from dataclasses import dataclass

from syndication.delivery import refusals
from syndication.delivery.bounces.letters.delivery_status import Told, told
from syndication.delivery.bounces.letters.letter import Letter
from syndication.delivery.bounces.letters.mime import first
from syndication.delivery.bounces.letters.plain_bounces import found_in, prose, words_about
from syndication.delivery.bounces.letters.verdicts import Verdict
from syndication.delivery.outcome import Stage
from syndication.delivery.refusals import Kind, Refusal

LONGEST_DETAIL = 300
FINAL, PLAIN_CODE, FULL_CODE = 500, 550, 552  # RFC 5321 4.2.3


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a mail says. `is_hard` only of a bounce: the mailbox is gone for good."""

    what: Verdict
    is_hard: bool = False
    word: str = ""
    status: str = ""
    detail: str = ""
    addresses: tuple[str, ...] = ()


_VACATION_SUBJECT = re.compile(
    r"\b(?:out of (?:the )?office|auto(?:matic)?[ -]?(?:reply|response|responder|matic answer)|vacation|away from (?:my|the) (?:mail|office|desk)|on (?:annual |parental )?leave|"
    r"abwesen\w*|automatische antwort|r[ée]ponse automatique|absen(?:ce|t) du bureau|fuera de (?:la )?oficina|respuesta autom[áa]tica|"
    r"risposta automatica|fuori ufficio|afwezig\w*|automatisch antwoord|fr[åa]nvaro|autosvar|odpowied[źz] automatyczna|resposta autom[áa]tica)\b",
    re.IGNORECASE,
)
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[\s\-#])")
COMPLAINTS = frozenset({"abuse", "fraud", "other"})
UNSUBSCRIBE, ABUSE = re.compile(r"u\+", re.IGNORECASE), re.compile(r"(?:abuse|fbl|complaints?)@", re.IGNORECASE)
DELIVERED_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "to")


def judge(letter: Letter, raw: bytes) -> Judgement:  # noqa: PLR0911  # one for each thing that a mail can be
    """What the mail is. Never raises. `raw` is the same mail, for the rules of flufl.bounce."""
    recipients = told(letter.status)
    if is_to_leave(letter) and not (recipients or letter.feedback):
        return Judgement(Verdict.VACATION if _is_automatic_reply(letter) else Verdict.LEAVE)
    if letter.feedback:
        return _feedback(letter)
    if letter.receipt or letter.report_type == "disposition-notification":
        return _receipt(letter, raw)
    if recipients:
        return _by_status(recipients, letter.text)
    if not letter.field("x-failed-recipients") and _is_automatic_reply(letter):
        return Judgement(Verdict.VACATION, detail=_line(letter.field("subject")))
    if letter.is_from_daemon or letter.field("x-failed-recipients"):
        return _by_rules(letter, raw)
    if ABUSE.match(letter.recipient) and letter.original:
        return Judgement(Verdict.COMPLAINT, word="abuse", detail="sent to the address for complaints, with the message")
    return Judgement(Verdict.UNKNOWN, detail=_line(letter.field("subject")))


def is_to_leave(letter: Letter) -> bool:
    """Whether it was sent to an address that unsubscribes; the envelope decides where it is known."""
    if letter.recipient:
        return bool(UNSUBSCRIBE.match(letter.recipient))
    return any(re.search(r"(?:^|[\s<,\"])u\+[0-9a-z]+@", value, re.IGNORECASE) for value in letter.every(*DELIVERED_TO))


def _is_automatic_reply(letter: Letter) -> bool:
    """RFC 3834 5 and what programs wrote before it. Mail servers too call their bounces auto-replied; those say so by their sender."""
    marks = letter.every("x-autoreply", "x-autorespond", "x-autoreply-from", "x-autoresponder", "x-vacation")
    if marks and marks[0].strip().lower() != "no":
        return True
    if letter.field("precedence").strip().lower() in {"auto_reply", "auto-reply"} or _VACATION_SUBJECT.search(
        letter.field("subject")[:300]
    ):
        return True
    is_answer = letter.field("auto-submitted").strip().lower().startswith("auto-replied")
    return is_answer and not letter.is_from_daemon


def _feedback(letter: Letter) -> Judgement:
    """A provider's report (RFC 5965 7.3); what says nothing against the mail changes nobody."""
    kind = next((value for block in letter.feedback if (value := first(block, "feedback-type"))), "").strip().lower()
    who = next((value for block in letter.feedback if (value := first(block, "user-agent"))), "")
    detail = _line(f"{kind} reported by {who}" if who else f"{kind} reported")
    if kind in COMPLAINTS:
        return Judgement(Verdict.COMPLAINT, word=kind, detail=detail)
    if kind.startswith("opt-out"):
        return Judgement(Verdict.LEAVE, word=kind, detail=detail)
    if kind == "virus":
        return Judgement(Verdict.SENDERS_FAULT, word=refusals.SPAM.word, detail=detail)
    return Judgement(Verdict.RECEIPT if kind in {"not-spam", "auth-failure"} else Verdict.UNKNOWN, word=kind, detail=detail)


def _receipt(letter: Letter, raw: bytes) -> Judgement:
    """A mail program's receipt changes nobody. Some servers refuse mail in its form: deleted unread by a rule, with the reason in prose."""
    receipt = Judgement(Verdict.RECEIPT, detail="a receipt of a mail program")
    said = next((value for block in letter.receipt if (value := first(block, "disposition"))), "").lower()
    if "automatic-action" in said and "deleted" in said and letter.is_from_daemon:
        judged = _by_rules(letter, raw)
        return judged if judged.what in {Verdict.BOUNCE, Verdict.SENDERS_FAULT} else receipt
    return receipt


def _by_status(recipients: list[Told], text: str) -> Judgement:
    failed = [one for one in recipients if one.action == "failed"]
    if not failed:
        what = Verdict.DELAY if any(one.action == "delayed" for one in recipients) else Verdict.RECEIPT
        return Judgement(what, status=recipients[0].status, detail=_line(recipients[0].words), addresses=_addresses(recipients))
    refused = [(*_refusal_told(one, text), one) for one in failed]
    refusal, words, one = min(refused, key=lambda found: _weight(found[0]))  # the mildest, where an address stands for several
    is_only = len(failed) == len(recipients)
    return _bounce(refusal, words, _addresses(failed), is_hard=is_only, status=_status_of(one))


def _refusal_told(one: Told, text: str) -> tuple[Refusal, str]:
    """The class by status and the server's words; where those say nothing, by the prose beside the report."""
    refusal = _class(one.code, one.words)
    if refusal is refusals.UNEXPLAINED:
        refusal, words = _refusal(text, one.address)
        if refusal is not refusals.UNEXPLAINED:
            return refusal, words
    return refusal, one.words


def _status_of(one: Told) -> str:
    found = _STATUS.search(one.diagnostic)
    return found[0] if found else one.status


def _by_rules(letter: Letter, raw: bytes) -> Judgement:
    found = found_in(raw)
    if not found.permanent:
        what = Verdict.DELAY if found.temporary else Verdict.UNKNOWN
        return Judgement(what, detail=_line(letter.field("subject")), addresses=found.temporary)
    refused = [_refusal(letter.text, address) for address in found.permanent]
    refusal, words = min(refused, key=lambda pair: _weight(pair[0]))
    status = _STATUS.search(words)
    return _bounce(refusal, words, found.permanent, status=status[0] if status else "")


def _refusal(text: str, address: str) -> tuple[Refusal, str]:
    """What a server's prose says about an address: what stands behind it, else what stands before it."""
    behind, before = words_about(prose(text), address)
    for piece in (behind, before):
        code = _CODE.search(piece)
        refusal = _class(int(code[1]) if code else PLAIN_CODE, piece)
        if refusal is not refusals.UNEXPLAINED:
            return refusal, piece
    return refusals.UNEXPLAINED, behind


def _class(code: int, words: str) -> Refusal:
    """The class of a refusal that another server tells. Its bare code takes nobody off: what it answered is not known; only "full" is."""
    return refusals.classify(code if code < FINAL or code == FULL_CODE else PLAIN_CODE, words, Stage.RCPT)


def _bounce(refusal: Refusal, words: str, addresses: tuple[str, ...], *, is_hard: bool = True, status: str = "") -> Judgement:
    what = Verdict.SENDERS_FAULT if is_senders_fault(refusal) else Verdict.BOUNCE
    return Judgement(
        what,
        is_hard=is_hard and refusal.kind is Kind.HARD,
        word=refusal.word,
        status=status,
        detail=_line(f"{refusal.sentence} {words}"),
        addresses=addresses,
    )


def is_senders_fault(refusal: Refusal) -> bool:
    """Whether a final refusal says nothing about the reader: policy, speed, or servers that do not understand each other."""
    return refusal.kind in {Kind.POLICY, Kind.RATE} or (refusal.kind is Kind.PROTOCOL and refusal is not refusals.UNEXPLAINED)


def _weight(refusal: Refusal) -> int:
    return 2 if refusal.kind is Kind.HARD else 0 if is_senders_fault(refusal) else 1


def _addresses(recipients: list[Told]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.address for one in recipients if one.address))


def _line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 2 * LONGEST_DETAIL]).split())[:LONGEST_DETAIL]
