"""Keeps what a publication wants when nobody can know whether a server took a message."""

from syndication.delivery.models import DoubtPolicy, Mailing
from syndication.delivery.states import Doubt


def doubt_policy(publication_id: int, kind: str) -> Doubt:
    """What holds for a kind of mailing; unless told otherwise campaigns are never sent twice and confirmations never lost."""
    said = DoubtPolicy.objects.filter(publication_id=publication_id, kind=kind).values_list("on_doubt", flat=True).first()
    return Doubt(said) if said else Doubt.RETRY if kind == Mailing.Kind.CONFIRMATION else Doubt.HOLD


def set_doubt_policy(publication_id: int, kind: str, policy: Doubt) -> None:
    """From the next mailing on; those that have begun keep what they began with."""
    DoubtPolicy.objects.update_or_create(publication_id=publication_id, kind=kind, defaults={"on_doubt": policy.value})
