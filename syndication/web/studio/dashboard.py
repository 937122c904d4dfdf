"""The overview: what to do first, what is being sent, what was written last."""

from dataclasses import dataclass

from django.db.models import F
from django.http import HttpResponse
from django.urls import reverse

from syndication.articles.models import Article, Publication
from syndication.audience.models import Subscription
from syndication.campaigns.models import Campaign
from syndication.delivery.bounces.faults import open_faults
from syndication.feeds.health import sick_publications
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.screen import screen

NEWEST = 8  # articles
UNDER_WAY = (Campaign.State.RUNNING, Campaign.State.PAUSED, Campaign.State.SCHEDULED)
STARTED = (Campaign.State.RUNNING, Campaign.State.PAUSED, Campaign.State.FINISHED)


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps: what to do, why, where, and whether it is done."""

    title: str
    why: str
    link: str
    is_done: bool


def dashboard(request: StaffRequest) -> HttpResponse:
    """The page /studio/."""
    steps = first_steps()
    return screen(
        request,
        "dashboard.html",
        steps=steps,
        all_done=all(step.is_done for step in steps),
        faults=open_faults(),
        sick_feeds=sick_publications(),
        campaigns=Campaign.objects.filter(state__in=UNDER_WAY)
        .select_related("article__publication", "list", "publication")
        .order_by(F("starts_at").asc(nulls_first=True))[:NEWEST],
        articles=Article.objects.select_related("publication").order_by("-updated_at")[:NEWEST],
    )


def first_steps() -> list[Step]:
    """The four steps from an empty table to the first campaign; each ticks itself from what the tables hold."""
    return [
        Step(
            "Say who sends",
            "A name and an address that readers know, and the postal address that the law asks for.",
            reverse("studio:publications"),
            Publication.objects.exclude(sender_address="").exclude(postal_address="").exists(),
        ),
        Step(
            "Make a list with readers",
            "Only readers who confirmed are mailed.",
            reverse("studio:lists"),
            Subscription.objects.filter(state=Subscription.State.CONFIRMED).exists(),
        ),
        Step(
            "Publish an article",
            "It goes to the web and to every feed at once.",
            reverse("studio:articles"),
            Article.objects.filter(state=Article.State.PUBLISHED).exists(),
        ),
        Step(
            "Send a campaign",
            "The same article, in every inbox of a list.",
            reverse("studio:campaigns"),
            Campaign.objects.filter(state__in=STARTED).exists(),
        ),
    ]
