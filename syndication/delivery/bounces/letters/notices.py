"""Knows the notices of mail providers, in the one form in which they are kept: what happened to which copy, in whose words."""

import json
import re
from dataclasses import asdict, dataclass

from syndication.delivery import refusals
from syndication.delivery.bounces.letters.judging import Judgement, is_senders_fault
from syndication.delivery.bounces.letters.verdicts import Verdict
from syndication.delivery.outcome import Stage
from syndication.delivery.refusals import Kind

KEPT = frozenset({"bounced", "rejected", "failed", "complained", "unsubscribed"})
"""In django-anymail's words; what was sent, delivered, opened or put off asks for nothing."""
LONGEST_WORDS = 1000
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[\s\-#:;,]|$)")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True, slots=True)
class Notice:
    """One event of a provider.

    event, reason  django-anymail's names for what happened ("bounced") and why ("invalid", "blocked")
    words          what the receiving server, or the provider, said
    copy           our token, from the metadata or the Message-ID; "" when the provider told none
    number         the provider's own number of the event, so that the same one acts once
    """

    event: str
    reason: str
    words: str
    copy: str
    recipient: str
    number: str

    def as_bytes(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self), sort_keys=True).encode()


def notice_from(raw: bytes) -> Notice | None:
    """A notice as it was kept; None when it cannot be read."""
    try:
        told = json.loads(raw)
        return Notice(**{name: str(told[name]) for name in Notice.__slots__})
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def judge_notice(notice: Notice) -> Judgement:
    """What a notice means, by the same classes as a mail's."""
    addresses = (notice.recipient,) if notice.recipient else ()
    if notice.event == "complained":
        return Judgement(Verdict.COMPLAINT, word="complaint", detail=notice.words[:300], addresses=addresses)
    if notice.event == "unsubscribed":
        return Judgement(Verdict.LEAVE, detail=notice.words[:300], addresses=addresses)
    refusal = _refusal(notice)
    status = _STATUS.search(notice.words)
    return Judgement(
        Verdict.SENDERS_FAULT if is_senders_fault(refusal) else Verdict.BOUNCE,
        is_hard=refusal.kind is Kind.HARD,
        word=refusal.word,
        status=status[0] if status else "",
        detail=f"{refusal.sentence} {notice.words}"[:300],
        addresses=addresses,
    )


def _refusal(notice: Notice) -> refusals.Refusal:
    """By the words; where they say nothing, by the provider's own class of the reason."""
    code = _CODE.search(notice.words)
    found = refusals.classify(int(code[1]) if code and code[1].startswith("4") else 550, notice.words, Stage.RCPT)
    if found is not refusals.UNEXPLAINED:
        return found
    by_reason = {
        "invalid": refusals.NO_MAILBOX,
        "blocked": refusals.REFUSED_BY_POLICY,
        "spam": refusals.SPAM,
        "timed_out": refusals.EXPIRED,
    }
    if notice.event == "failed":
        return refusals.NOT_UNDERSTOOD
    return by_reason.get(notice.reason, refusals.UNEXPLAINED)
