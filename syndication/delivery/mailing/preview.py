"""Shows what an article becomes for one reader, by the same calls that the sender makes."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings

from syndication.articles.models import Article, Publication
from syndication.audience import addresses
from syndication.audience.keys import address_hash
from syndication.audience.models import Subscriber, SubscriberList
from syndication.delivery.mailing.compose import Addressee, Composer
from syndication.delivery.mailing.freeze import freeze_campaign
from syndication.rendering.adapt import brand_of, content_of
from syndication.rendering.article import feed_html
from syndication.rendering.reader import Reader, reader_from

NOBODY_YET = "reader@example.org"


@dataclass(frozen=True, slots=True)
class Preview:
    """The forms of one article that are not a page: the exact message, its parts and the feed HTML."""

    message: bytes
    subject: str
    html: str
    text: str
    feed: str


def preview(
    article_id: int, *, now: datetime, address: str | None = None, list_id: int | None = None, has_live_links: bool = True
) -> Preview:
    """The forms of an article as a subscriber gets them; an unknown address, or none, reads it without a name.

    has_live_links  off where others than that reader look on: nobody must leave a list in a reader's name
    Raises NotAnAddress, and BadTemplate for a wrong merge field.
    """
    article = Article.objects.select_related("publication").get(pk=article_id)
    to = _list(article.publication, list_id)
    frozen = freeze_campaign(article, to)
    composer = Composer(frozen, uid=article.uid.hex, mailing_id=0, list_id=to.pk or 0)
    addressee = _addressee(address or NOBODY_YET)
    if not has_live_links:
        addressee = replace(addressee, subscriber_id=0)
    date = now.replace(microsecond=0)
    parcel, shown = composer.parcel(addressee, date), composer.links(addressee, date)
    content, brand = content_of(article, settings.BASE_URL), brand_of(article.publication, settings.BASE_URL, to)
    return Preview(
        message=b"".join(parcel.message),
        subject=composer.compiled.subject(addressee.reader),
        html=composer.compiled.html(addressee.reader, shown),
        text=composer.compiled.text(addressee.reader, shown),
        feed=feed_html(content, brand, base_url=settings.BASE_URL),
    )


def _list(publication: Publication, list_id: int | None) -> SubscriberList:
    """The named list, else the publication's first one, else one that is not kept."""
    lists = SubscriberList.objects.select_related("publication").filter(publication=publication).order_by("pk")
    if list_id is not None:
        return lists.get(pk=list_id)
    return lists.first() or SubscriberList(publication=publication, slug="readers", name=publication.name)


def _addressee(address: str) -> Addressee:
    known_as = addresses.normalise(address)
    subscriber = Subscriber.objects.filter(address_hash=address_hash(known_as)).first()
    if subscriber is None:
        return Addressee(0, Reader(address=known_as))
    reader = reader_from(subscriber.address, subscriber.name, subscriber.attributes, subscriber.locale)
    return Addressee(subscriber.pk, reader)
