"""Says what a campaign's subject reads like and how many people it would reach."""

from dataclasses import replace

from django.conf import settings

from syndication.audience.models import Subscriber, Subscription
from syndication.campaigns.models import Campaign
from syndication.rendering.adapt import brand_of, content_of
from syndication.rendering.article import plain_title
from syndication.rendering.bad_template import BadTemplate


def subject_line(campaign: Campaign) -> str:
    """The subject as a reader without a name gets it; as it was typed when a merge field in it is wrong."""
    typed = campaign.subject or campaign.article.title
    content = replace(content_of(campaign.article, settings.BASE_URL), title=typed)
    try:
        return plain_title(content, brand_of(campaign.publication, settings.BASE_URL, campaign.list)) or typed
    except BadTemplate:
        return typed


def confirmed_readers(campaign: Campaign) -> int:
    """How many readers of the list have confirmed and are still there; suppressed addresses among them are skipped later."""
    rows = Subscription.objects.filter(list=campaign.list_id, state=Subscription.State.CONFIRMED)
    return rows.filter(subscriber__state=Subscriber.State.ACTIVE).count()
