"""Names every table of the one Django app; the tables themselves live in their rooms."""

from syndication.articles.models import Article, Publication, Revision
from syndication.audience.models import ConsentRecord, Subscriber, SubscriberList, Subscription, Suppression
from syndication.campaigns.models import Campaign, User
from syndication.delivery.models import Delivery, Mailing

__all__ = [
    "Article",
    "Campaign",
    "ConsentRecord",
    "Delivery",
    "Mailing",
    "Publication",
    "Revision",
    "Subscriber",
    "SubscriberList",
    "Subscription",
    "Suppression",
    "User",
]
