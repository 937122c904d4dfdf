"""The links that one copy of a mailing carries, for tests that follow them."""

from django.utils import timezone

from syndication.audience import tokens
from syndication.audience.keys import copy_key
from syndication.delivery.models import Mailing


def make_mailing(to, key="campaign:1", **fields):
    """A mailing to a list, frozen now unless told otherwise; it is not planned."""
    plain = {"subject": "s", "html": "<p>h</p>", "text": "t", "content_hash": "0" * 64, "frozen_at": timezone.now()}
    return Mailing.objects.create(key=key, publication=to.publication, list=to, **(plain | fields))


def tokens_of(mailing, subscriber_id):
    """The four tokens of a reader's copy."""
    return tokens.of_copy(mailing.pk, subscriber_id, mailing.list_id, copy_key())
