"""Names every table of the one Django app; the tables themselves live in their rooms."""

from syndication.articles.models import (
    Article,
    ArticleTopic,
    Enclosure,
    FeedChange,
    OldAddress,
    Podcast,
    Publication,
    Revision,
    Topic,
)
from syndication.articles.search.models import SearchText
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
from syndication.feeds.hub.models import HubFeed, HubHost, HubPing, HubShift, HubSubscription, HubWish
from syndication.feeds.models import Feed, FeedArchive
from syndication.feeds.polls.models import FeedPoll
from syndication.feeds.private.models import PrivateEdition, PrivateFeed

__all__ = [
    "Article",
    "ArticleTopic",
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
    "Enclosure",
    "Feed",
    "FeedArchive",
    "FeedChange",
    "FeedPoll",
    "HubFeed",
    "HubHost",
    "HubPing",
    "HubShift",
    "HubSubscription",
    "HubWish",
    "ImportChange",
    "ImportJob",
    "ImportRefusal",
    "InboundMail",
    "Lease",
    "Mailing",
    "OldAddress",
    "Podcast",
    "PrivateEdition",
    "PrivateFeed",
    "ProviderDomain",
    "Publication",
    "ReaderEvent",
    "RefusalsRead",
    "Revision",
    "SearchText",
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
    "Topic",
    "User",
    "WarmUp",
]
