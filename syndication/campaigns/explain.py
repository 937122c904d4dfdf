"""Answers "why did this reader (not) get it?" from the ledger."""

from syndication.audience.staff.find import subscriber_named
from syndication.campaigns.control import campaign_of
from syndication.delivery.ledger.story import Story, story
from syndication.delivery.models import Delivery, Mailing
from syndication.errors import NotFound

MOST = 50  # mailings, newest first


def explain(address: str, *, campaign_id: int | None = None) -> list[Story]:
    """One reader's story in a campaign, or in every mailing that was planned for them, newest first.

    Raises NotAnAddress, and NotFound when nobody has the address or nothing was ever planned for it.
    """
    subscriber = subscriber_named(address)
    mailings = Mailing.objects.select_related("list", "article").order_by("-pk")
    if campaign_id is not None:
        mailing_id = campaign_of(campaign_id).mailing_id
        if mailing_id is None:
            raise NotFound(f"Campaign {campaign_id} was never started, so nothing is planned for anybody.")
        return [story(subscriber, mailings.get(pk=mailing_id))]
    # the unique index begins with the mailing: asked mailing by mailing, the answer costs their number and not the rows'
    planned = Delivery.objects.filter(mailing__in=Mailing.objects.values("pk"), subscriber=subscriber).order_by("-mailing")
    found = [story(subscriber, mailings.get(pk=pk)) for pk in planned.values_list("mailing", flat=True)[:MOST]]
    if not found:
        raise NotFound(f"Nothing was ever planned for {subscriber.address!r}. `--campaign ID` tells why it is not in a campaign.")
    return found
