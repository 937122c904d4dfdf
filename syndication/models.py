"""Names every table of the one Django app; the tables themselves live in their rooms."""

from syndication.articles.models import Article, Publication, Revision
from syndication.audience.models import (
    BulkJob,
    ConsentRecord,
    ConsentWording,
    DomainRule,
    ImportChange,
    ImportJob,
    ImportRefusal,
    ReaderEvent,
    SignUp,
    Subscriber,
    SubscriberList,
    Subscription,
    Suppression,
    SuppressionRecord,
)
from syndication.campaigns.models import Campaign, User
from syndication.delivery.bounces.models import InboundMail, RefusalsRead, SendersFault
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
    "BulkJob",
    "Campaign",
    "ConsentRecord",
    "ConsentWording",
    "Delivery",
    "DomainRule",
    "DoubtPolicy",
    "ImportChange",
    "ImportJob",
    "ImportRefusal",
    "InboundMail",
    "Lease",
    "Mailing",
    "ProviderDomain",
    "Publication",
    "ReaderEvent",
    "RefusalsRead",
    "Revision",
    "SendersFault",
    "SendingDay",
    "SendingLimit",
    "ServerLines",
    "SignUp",
    "SigningKey",
    "SmtpServer",
    "Subscriber",
    "SubscriberList",
    "Subscription",
    "Suppression",
    "SuppressionRecord",
    "Throttle",
    "User",
    "WarmUp",
]
