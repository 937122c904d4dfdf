"""How the number of readers grows, of everything, a publication or a list."""

from contextlib import suppress
from datetime import date, timedelta

import redis
from django.core.cache import cache
from django.http import HttpResponse
from django.utils import timezone

from syndication.articles.models import Publication
from syndication.audience.models import SubscriberList
from syndication.audience.staff.growth import Step, by_week, growth
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.growth_chart import HEIGHT, chart_of
from syndication.web.studio.paging import asked, row_id
from syndication.web.studio.screen import screen

SPANS = {"30": (30, False), "90": (90, True), "365": (365, True)}
"""Days, and whether they are shown by week."""
KEPT_SECONDS = 60


def subscribers_growth(request: StaffRequest) -> HttpResponse:
    """A chart of who came and who left, with its figures in a table."""
    span = asked(request, "days") if asked(request, "days") in SPANS else "30"
    list_id, publication_id = row_id(asked(request, "list")), row_id(asked(request, "publication"))
    steps = _steps(*SPANS[span], list_id, publication_id)
    lists = SubscriberList.objects.select_related("publication").order_by("name")
    return screen(
        request,
        "subscribers_growth.html",
        chart=chart_of(steps),
        height=HEIGHT,
        steps=list(reversed(steps)),
        came=sum(one.came for one in steps),
        left=sum(one.left for one in steps),
        span=span,
        spans=[("30", "30 days"), ("90", "13 weeks"), ("365", "A year, by week")],
        by_week=SPANS[span][1],
        list_id=list_id,
        publication_id=publication_id,
        lists=[(str(one.pk), f"{one.name} ({one.publication.name})") for one in lists],
        publications=[(str(one.pk), one.name) for one in Publication.objects.order_by("name")],
    )


def _steps(days: int, is_by_week: bool, list_id: int | None, publication_id: int | None) -> list[Step]:  # noqa: FBT001  # a row of SPANS
    """The figures, at most KEPT_SECONDS old."""
    today = timezone.now().date()
    first = days + (today - timedelta(days=days - 1)).weekday() if is_by_week else days  # whole weeks
    key = f"growth:{first}:{today}:{list_id}:{publication_id}"
    try:
        kept = cache.get(key)
    except redis.RedisError:  # figures need no cache, only time
        kept = None
    if kept is None:
        counted = growth(today=today, days=first, list_id=list_id, publication_id=publication_id)
        kept = [(one.first.isoformat(), one.came, one.left) for one in counted]
        with suppress(redis.RedisError):
            cache.set(key, kept, KEPT_SECONDS)
    steps = [Step(date.fromisoformat(day), came, left) for day, came, left in kept]
    return by_week(steps) if is_by_week else steps
