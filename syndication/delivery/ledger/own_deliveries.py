"""Gathers what the ledger keeps about one reader, for the reader: each mailing, what became of it, and what came back."""

from typing import Any

from syndication.audience.models import Subscriber
from syndication.audience.self_service.own_data import stamp, without_others
from syndication.delivery.models import Attempt, Delivery, Mailing


def own_deliveries(subscriber: Subscriber) -> dict[str, Any]:
    """Deliveries, the tries that did not simply succeed, and mails that came back; ready for JSON, newest last."""
    of_reader = {"mailing__in": Mailing.objects.values("pk"), "subscriber": subscriber}  # the index begins with the mailing
    deliveries = Delivery.objects.filter(**of_reader).select_related("mailing__article", "mailing__publication", "mailing__list")
    tries = Attempt.objects.filter(**of_reader)
    inbound = subscriber.inbound_mail.order_by("pk").values("received_at", "verdict", "status", "detail", "size_bytes", "mailing_id")
    return {
        "deliveries": [_delivery(one, subscriber.address) for one in deliveries.order_by("mailing_id")],
        "delivery_attempts": [_attempt(one, subscriber.address) for one in tries.order_by("at", "pk")],
        "mail_that_came_back": [_inbound(dict(one), subscriber.address) for one in inbound],
    }


def _delivery(row: Delivery, address: str) -> dict[str, Any]:
    mailing = row.mailing
    return {
        "mailing": mailing.pk,
        "kind": mailing.kind,
        "publication": mailing.publication.slug,
        "list": mailing.list.slug,
        "article": mailing.article.title if mailing.article else None,
        "state": row.get_state_display(),
        "attempts": row.attempts,
        "sent_at": stamp(row.sent_at),
        "reply_code": row.code,
        "reply": without_others(row.reply or "", address),
    }


def _attempt(row: Attempt, address: str) -> dict[str, Any]:
    return {
        "mailing": row.mailing_id,
        "at": stamp(row.at),
        "number": row.number,
        "state": row.get_state_display(),
        "code": row.code,
        "reply": without_others(row.reply, address),
        "kind": row.kind,
        "by": without_others(row.where, address),
    }


def _inbound(row: dict[str, Any], address: str) -> dict[str, Any]:
    return {**row, "received_at": stamp(row["received_at"]), "detail": without_others(row["detail"], address)}
