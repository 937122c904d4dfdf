"""Gathers what the audience keeps about one person, for the person: nothing of others, and no keyed hash."""

import re
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from syndication.audience.consent_history import history_of
from syndication.audience.models import ConsentRecord, ImportChange, ImportJob, ReaderEvent, SignUp, Subscriber, Subscription, Suppression

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")


def own_data(subscriber: Subscriber) -> dict[str, Any]:
    """Profile, subscriptions, consent, suppressions and events, ready for JSON; times are ISO 8601 in UTC (GDPR 15 and 20)."""
    subscriptions = _subscriptions(subscriber)
    told = {(one["publication"], one["list"]) for one in subscriptions}
    history = [one for one in history_of(subscriber.pk) if (one["publication"], one["list"]) in told]
    return {
        "profile": _profile(subscriber),
        "subscriptions": subscriptions,
        "consent": [{**one, "detail": without_others(one["detail"], subscriber.address)} for one in history],
        "not_mailed": _suppressions(subscriber),
        "events": _events(subscriber),
        "imports": _imports(subscriber),
        "sign_ups_under_way": _sign_ups(subscriber),
    }


def stamp(moment: datetime | date | None) -> str | None:
    """ISO 8601 in UTC; None stays None."""
    if isinstance(moment, datetime):
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    return moment.isoformat() if moment else None


def without_others(text: str, address: str) -> str:
    """A note without any address but the reader's own: staff who did it, and mailboxes that servers name, are others."""
    return _ADDRESS.sub(lambda found: found[0] if found[0].lower() == address else "…", text)


def _profile(reader: Subscriber) -> dict[str, Any]:
    return {
        "address": reader.address,
        "name": reader.name,
        "language": reader.locale,
        "time_zone": reader.time_zone,
        "attributes": reader.attributes,
        "tracking_consent": reader.tracking_consent,
        "preference_links_revoked_at": stamp(reader.links_revoked_at),
        "bounce_score": reader.bounce_score,
        "bounced_at": stamp(reader.bounced_at),
        "known_since": stamp(reader.created_at),
        "changed_at": stamp(reader.updated_at),
    }


def _subscriptions(reader: Subscriber) -> list[dict[str, Any]]:
    """All but private lists that the reader only left, with all others, and never was asked to join: their names are not for them."""
    was_on = ConsentRecord.objects.filter(subscription=OuterRef("pk")).exclude(state=Subscription.State.UNSUBSCRIBED)
    own = reader.subscriptions.exclude(Q(list__is_public=False, state=Subscription.State.UNSUBSCRIBED) & ~Exists(was_on))
    return [
        {
            "publication": one.list.publication.slug,
            "list": one.list.slug,
            "list_name": one.list.name,
            "state": one.state,
            "frequency": one.frequency,
            "paused_until": stamp(one.paused_until),
            "since": stamp(one.created_at),
            "changed_at": stamp(one.changed_at),
        }
        for one in own.select_related("list__publication").order_by("pk")
    ]


def _suppressions(reader: Subscriber) -> list[dict[str, Any]]:
    found = Suppression.objects.filter(address_hash=reader.address_hash).select_related("publication").order_by("pk")
    return [
        {
            "by_publication": one.publication.slug if one.publication else None,
            "reason": one.reason,
            "detail": without_others(one.detail, reader.address),
            "since": stamp(one.since),
        }
        for one in found
    ]


def _events(reader: Subscriber) -> list[dict[str, Any]]:
    return [
        {
            "at": stamp(one.at),
            "what": one.kind,
            "publication": one.publication.slug if one.publication else None,
            "source": without_others(one.source, reader.address),
            "detail": without_others(one.detail, reader.address),
        }
        for one in ReaderEvent.objects.filter(subscriber=reader).select_related("publication").order_by("at", "pk")
    ]


def _imports(reader: Subscriber) -> list[dict[str, Any]]:
    """What imports changed, and what stood there before. The file's name may name others; where its readers said yes is told."""
    found = ImportChange.objects.filter(job__in=ImportJob.objects.values("pk"), subscriber_id=reader.pk)
    return [
        {"at": stamp(one.at), "consent_source": one.job.consent_source, "before": one.before}
        for one in found.select_related("job").order_by("pk")
    ]


def _sign_ups(reader: Subscriber) -> list[dict[str, Any]]:
    found = SignUp.objects.filter(address__iexact=reader.address).order_by("pk")
    return [{"at": stamp(one.asked_at), "how": one.how, "network": one.network} for one in found]
