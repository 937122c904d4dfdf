"""The search of subscribers: filters, order, pages, and what can be done to those who were found."""

from django.http import HttpResponse

from syndication.audience.models import BulkJob, SubscriberList, Subscription
from syndication.audience.staff import find, search
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.paging import asked, row_id
from syndication.web.studio.screen import screen

PER_PAGE = 50


def subscribers(request: StaffRequest) -> HttpResponse:
    """Readers by a part of address or name, an attribute, a list and a state, what holds them back, when and how they came."""
    wanted = search.read(request.GET)
    page = find.page(wanted, size=PER_PAGE, after=row_id(asked(request, "after")), before=row_id(asked(request, "before")))
    number = find.count(wanted)
    all_lists = SubscriberList.objects.select_related("publication").order_by("name")
    held = find.held_back(page.rows)
    return screen(
        request,
        "subscribers.html",
        search=wanted,
        typed=dict.fromkeys(search.NAMES, "") | dict(wanted.asked),
        page=page,
        held=held,
        number=number,
        is_more=number > find.COUNTED_TO,
        counted_to=find.COUNTED_TO,
        lists=[(str(one.pk), f"{one.name} ({one.publication.name})") for one in all_lists],
        states=[(state.value, state.value) for state in Subscription.State],
        helds=list(search.HELD.items()),
        sources=[(one, one) for one in search.SOURCES],
        jobs=BulkJob.objects.filter(state=BulkJob.State.RUNNING).order_by("pk") if request.user.may_edit else [],
    )
