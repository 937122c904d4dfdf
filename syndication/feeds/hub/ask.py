"""Takes what a subscriber wants, as a row; the round asks the callback whether it is meant (WebSub 5.1)."""

import hmac
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from syndication.audience.keys import token_key
from syndication.audience.signup.counters import counters
from syndication.feeds.hub import limits
from syndication.feeds.hub.errors import GONE, NOT_FOUND, NOT_NOW, TOO_MANY, HubRefused
from syndication.feeds.hub.find import FORMAT_OF, feed_in, shelf
from syndication.feeds.hub.models import HubSubscription, HubWish
from syndication.feeds.hub.topics import parsed, self_url
from syndication.feeds.hub.wishes import SUBSCRIBE, UNSUBSCRIBE, Bounds, Wish, read_wish
from syndication.feeds.models import Feed
from syndication.feeds.store import Gone, Moved

HASH_DIGITS = 24


def ask(content_type: str, body: bytes, *, network: str, is_encrypted: bool, now: datetime) -> None:
    """Keep the wish in a form until its callback has consented.

    network       from where it comes ("203.0.113.0/24"), empty when that is not known
    is_encrypted  whether the form came over https
    Raises HubRefused with the status and the sentence for the answer.
    """
    wish = read_wish(content_type, body, _bounds(is_encrypted=is_encrypted))
    found = counters().ask(limits.question(network and _hash(network), _hash(wish.callback.host)))
    if found.limited_by:
        raise HubRefused("Too many requests; come back later.", status=TOO_MANY, wait_seconds=found.wait_seconds)
    feed, file_name = _topic(wish)
    _refuse_when_full(wish)
    HubWish.objects.update_or_create(
        key=wish.key,
        defaults={
            "mode": wish.mode,
            "feed": feed,
            "file_name": file_name,
            "topic_url": wish.topic_url,
            "callback": wish.callback.url,
            "host": wish.callback.host,
            "secret": wish.secret,
            "lease_seconds": wish.lease_seconds,
            "at": now,
            "due_at": now,
            "tries": 0,
            "round": 0,  # an answer to an older wish does not count any more
        },
    )


def _bounds(*, is_encrypted: bool) -> Bounds:
    own = urlsplit(settings.BASE_URL)
    is_https = own.scheme == "https"
    port = own.port or (443 if is_https else 80)
    return Bounds((own.hostname or "", port), settings.HUB_ALLOWED_NETWORKS, takes_secrets=is_encrypted or not is_https)


def _topic(wish: Wish) -> tuple[Feed, str]:
    """The feed and the document. Raises HubRefused."""
    if wish.mode == UNSUBSCRIBE:  # from what was moved or closed meanwhile, too
        known = HubSubscription.objects.filter(key=wish.key).select_related("feed").first()
        if known:
            return known.feed, known.file_name
    found = parsed(wish.topic_url, base_url=settings.BASE_URL, file_names=FORMAT_OF)
    if found is None:
        raise _unknown()
    folder, file_name = found
    version = shelf().version(folder)
    if isinstance(version, Moved):
        raise HubRefused(f"This feed lives at {settings.BASE_URL}/feeds/{version.folder}/{file_name} now; subscribe to that.")
    if isinstance(version, Gone):
        raise HubRefused("This feed has ended for good.", status=GONE)
    feed = feed_in(folder)
    if version is None or file_name not in version.documents or feed is None:
        raise _unknown()
    canonical = self_url(version.links.get(file_name, ""))
    if canonical and canonical != wish.topic_url:
        raise HubRefused(f"hub.topic must be the feed's own address, {canonical}.")
    return feed, file_name


def _unknown() -> HubRefused:
    return HubRefused("hub.topic is no feed of this hub; give the address that the feed itself names as self.", status=NOT_FOUND)


def _refuse_when_full(wish: Wish) -> None:
    host = wish.callback.host
    if HubWish.objects.filter(host=host).count() >= limits.MOST_WISHES_OF_A_HOST:
        raise HubRefused(f"Too many requests for {host} wait for its answer.", status=TOO_MANY, wait_seconds=limits.HOUR)
    is_new = wish.mode == SUBSCRIBE and not HubSubscription.objects.filter(key=wish.key).exists()
    if is_new and HubSubscription.objects.filter(host=host).count() >= limits.MOST_OF_A_HOST:
        raise HubRefused(f"{host} has as many subscriptions as one host may have.", status=TOO_MANY, wait_seconds=limits.HOUR)
    if HubWish.objects.count() >= limits.MOST_WISHES or (is_new and HubSubscription.objects.count() >= limits.MOST_SUBSCRIPTIONS):
        raise HubRefused("This hub has no room for more subscriptions now.", status=NOT_NOW, wait_seconds=limits.HOUR)


def _hash(word: str) -> str:
    """What is counted is not kept in clear."""
    return hmac.new(token_key("hub counters"), word.encode(), "sha256").hexdigest()[:HASH_DIGITS]
