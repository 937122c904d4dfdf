"""Names every table of the one Django app; the tables themselves live in their rooms."""

from syndication.articles.models import Article, Publication, Revision
from syndication.audience.models import ConsentRecord, Subscriber, SubscriberList, Subscription, Suppression
from syndication.campaigns.models import Campaign, User
from syndication.delivery.limits.models import Bucket, BucketPlace, ProviderDomain, SendingDay, SendingLimit, Throttle, WarmUp
from syndication.delivery.models import Attempt, Batch, Delivery, DoubtPolicy, Lease, Mailing
from syndication.delivery.servers.models import ServerLines, SmtpServer
from syndication.delivery.signing.models import SigningKey

__all__ = [
    "Article",
    "Attempt",
    "Batch",
    "Bucket",
    "BucketPlace",
    "Campaign",
    "ConsentRecord",
    "Delivery",
    "DoubtPolicy",
    "Lease",
    "Mailing",
    "ProviderDomain",
    "Publication",
    "Revision",
    "SendingDay",
    "SendingLimit",
    "ServerLines",
    "SigningKey",
    "SmtpServer",
    "Subscriber",
    "SubscriberList",
    "Subscription",
    "Suppression",
    "Throttle",
    "User",
    "WarmUp",
]
