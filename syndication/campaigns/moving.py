"""Keeps an article where it is while a campaign of its publication is to send it."""

from syndication.campaigns.models import Campaign
from syndication.errors import Refused

FINAL = (Campaign.State.FINISHED, Campaign.State.CANCELLED)


def refuse_while_planned(article_id: int) -> None:
    """Raise Refused when a campaign with this article is not over: its readers belong to the publication that the article would leave."""
    planned = Campaign.objects.filter(article=article_id).exclude(state__in=FINAL).first()
    if planned:
        raise Refused(
            f"Campaign {planned.pk} ({planned.state}) is to send this article to readers of its publication. "
            "Cancel it or let it finish, then move the article."
        )
