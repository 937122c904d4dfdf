"""Reads the mail that came in and acts on it; each row once, whoever does it and however often it is begun."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, connection, transaction

from syndication.audience import tokens
from syndication.audience.keys import copy_key
from syndication.audience.models import ReaderEvent, Subscriber
from syndication.audience.self_service.leave import unsubscribe
from syndication.delivery.bounces import rules
from syndication.delivery.bounces.intake import WEBHOOK
from syndication.delivery.bounces.letters import copies
from syndication.delivery.bounces.letters.copies import Copy
from syndication.delivery.bounces.letters.judging import Judgement, is_to_leave, judge
from syndication.delivery.bounces.letters.letter import open_letter
from syndication.delivery.bounces.letters.notices import judge_notice, notice_from
from syndication.delivery.bounces.letters.verdicts import Verdict
from syndication.delivery.bounces.models import InboundMail

log = logging.getLogger("syndication.bounces")


@dataclass(slots=True)
class Read:
    """One mail, read: what it is, whom it is about, by which token a reader wants to leave, whether it came to an address like ours."""

    judgement: Judgement
    copy: Copy | None
    leave_token: str = ""
    is_claimed: bool = False


def read_inbound(clock: Callable[[], datetime], *, most: int = 500, run_seconds: float = 10.0) -> int:
    """Read the oldest unread mails, at most `most` and for some seconds. How many were read; the rest is for the next time."""
    until, done = time.monotonic() + run_seconds, 0
    for pk in list(InboundMail.objects.filter(read_at=None).order_by("pk").values_list("pk", flat=True)[:most]):
        if time.monotonic() > until:
            break
        done += _read_one(pk, clock())
    return done


def _read_one(pk: int, now: datetime) -> bool:
    with transaction.atomic():
        row = (
            InboundMail.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
            .filter(pk=pk, read_at=None)
            .first()
        )
        if row is None:
            return False
        read = _understood(row)
        verdict, note = _act(row, read, now)
        judgement = read.judgement
        reader = read.copy.subscriber if read.copy and Subscriber.objects.filter(pk=read.copy.subscriber).exists() else None
        InboundMail.objects.filter(pk=pk).update(
            verdict=verdict,
            status=judgement.status[:12],
            detail=f"{judgement.detail} {note}".strip()[:300],
            subscriber_id=reader,
            mailing_id=read.copy.mailing or None if read.copy else None,
            read_at=now,
        )
    return True


def _understood(row: InboundMail) -> Read:
    """What a row says. Strangers wrote it: whatever goes wrong in reading it, the row stays visible and the next one is read."""
    raw, key = bytes(row.raw), copy_key()
    try:
        if row.source.startswith(WEBHOOK):
            notice = notice_from(raw)
            if notice is None:
                return Read(Judgement(Verdict.UNKNOWN, detail="a notice that cannot be read"), None)
            return Read(judge_notice(notice), copies.copy_in(notice.copy, key))
        letter = open_letter(raw, sender=row.sender, recipient=row.recipient)
        judgement = judge(letter, raw)
        token = copies.leave_token(letter) if judgement.what is Verdict.LEAVE and is_to_leave(letter) else ""
        return Read(judgement, copies.copy_of(letter, key), leave_token=token, is_claimed=copies.claims_a_token(letter))
    except DatabaseError:
        raise
    except Exception:
        log.exception("inbound mail %s could not be read", row.pk)
        return Read(Judgement(Verdict.UNKNOWN, detail="could not be read"), None)


def _act(row: InboundMail, read: Read, now: datetime) -> tuple[Verdict, str]:
    """What is done about it, and a word for staff where nothing is."""
    judgement, copy = read.judgement, read.copy
    if read.leave_token:
        return _leave(read, read.leave_token, "mailto", now)
    if judgement.what not in {Verdict.BOUNCE, Verdict.SENDERS_FAULT, Verdict.COMPLAINT, Verdict.LEAVE}:
        return judgement.what, ""
    if copy is None:
        return (Verdict.FORGED if read.is_claimed else Verdict.UNKNOWN), f"({judgement.what} without a token of ours: nobody was changed)"
    if judgement.what is Verdict.LEAVE:
        token = tokens.of_copy(*copy, copy_key()).unsubscribe
        return _leave(read, token, row.source[:40] if row.source.startswith(WEBHOOK) else "complaint mail", now)
    if judgement.what is Verdict.COMPLAINT:
        is_new = rules.complained(copy, _source(row, is_complaint=True), judgement.detail, now)
        return Verdict.COMPLAINT, "" if is_new else "(known, or the person is gone)"
    kind = ReaderEvent.Kind.HARD_BOUNCE if judgement.is_hard else ReaderEvent.Kind.SOFT_BOUNCE
    if judgement.what is Verdict.SENDERS_FAULT:
        kind = ReaderEvent.Kind.SENDERS_FAULT
    is_new = rules.bounced(copy, rules.Hit(kind, _source(row), judgement.word, judgement.detail), now)
    return judgement.what, "" if is_new else "(known, or the person is gone)"


def _leave(read: Read, token: str, how: str, now: datetime) -> tuple[Verdict, str]:
    left = unsubscribe(token, how=how, now=now)
    if left is None:
        return Verdict.FORGED if read.leave_token else Verdict.UNKNOWN, "(no token of ours, or the person is gone: nobody was changed)"
    read.copy = read.copy or Copy(0, left.subscriber_id, 0)  # for the row: who it was
    return Verdict.LEAVE, f"left {left.list_name}"


def _source(row: InboundMail, *, is_complaint: bool = False) -> str:
    """Where it came from, as the timeline says it: "bounce mail", "complaint mail", "webhook postmark"."""
    return row.source if row.source.startswith(WEBHOOK) else "complaint mail" if is_complaint else "bounce mail"
