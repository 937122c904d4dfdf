"""Says what a title or a subject reads like, and how many people a campaign would reach."""

from dataclasses import replace

from django.conf import settings

from syndication.articles.models import Article
from syndication.audience.models import Subscriber, SubscriberList, Subscription
from syndication.campaigns.models import Campaign
from syndication.delivery.models import Mailing
from syndication.rendering.adapt import brand_of, content_of
from syndication.rendering.article import plain_title
from syndication.rendering.bad_template import BadTemplate


def title_line(article: Article) -> str:
    """The title as a reader without a name gets it; as it was typed when a merge field in it is wrong. So are the next two."""
    return _as_read(article.title, article, None)


def subject_line(campaign: Campaign) -> str:
    """The subject of a campaign, which is the article's title when none was typed."""
    return _as_read(campaign.subject or campaign.article.title, campaign.article, campaign.list)


def mailing_line(mailing: Mailing) -> str:
    """The subject of what was sent; a mail without an article has no merge fields of staff in it."""
    return _as_read(mailing.subject, mailing.article, mailing.list) if mailing.article else mailing.subject


def confirmed_readers(campaign: Campaign) -> int:
    """How many readers of the list have confirmed and are still there; suppressed addresses among them are skipped later."""
    rows = Subscription.objects.filter(list=campaign.list_id, state=Subscription.State.CONFIRMED)
    return rows.filter(subscriber__state=Subscriber.State.ACTIVE).count()


def _as_read(typed: str, article: Article, to: SubscriberList | None) -> str:
    content = replace(content_of(article, settings.BASE_URL), title=typed)
    try:
        return plain_title(content, brand_of(article.publication, settings.BASE_URL, to)) or typed
    except BadTemplate:
        return typed
