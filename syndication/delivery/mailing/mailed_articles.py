"""Tells which articles were mailed to which lists, and when first."""

from collections.abc import Sequence
from datetime import datetime

from syndication.delivery.models import Mailing


def mailed_articles(list_ids: Sequence[int], *, most: int) -> dict[int, dict[int, datetime]]:
    """For each list the articles of its newest `most` campaigns, with the moment of the first of those; cancelled campaigns do not count."""
    return {list_id: _of(list_id, most) for list_id in list_ids}


def _of(list_id: int, most: int) -> dict[int, datetime]:
    campaigns = Mailing.objects.filter(list_id=list_id, kind=Mailing.Kind.CAMPAIGN).exclude(state=Mailing.State.CANCELLED)
    newest = campaigns.exclude(article=None).order_by("-frozen_at", "-pk").values_list("article_id", "frozen_at")[:most]
    return dict(newest)  # newest first, so that the first mailing of an article is the one that stays
