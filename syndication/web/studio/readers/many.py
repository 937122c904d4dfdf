"""One act on many subscribers: asks first with the exact number, then does few at once and many in the background."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from syndication import queue
from syndication.audience.models import BulkJob, SubscriberList
from syndication.audience.staff import bulk, find, search
from syndication.audience.staff.exporting import Filter, export_rows
from syndication.delivery.ledger.forget import erase_reader
from syndication.errors import BadInput, SyndicationError
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.paging import row_id
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import screen

DO_IN_BULK = "syndication.tasks.do_in_bulk"
EXPORT = "export"
ACTS = {
    BulkJob.Act.ADD: ("Add to a list as pending", "They get no mail until they confirm. Whoever left the list stays away."),
    BulkJob.Act.LEAVE: ("Unsubscribe", "They can come back by themselves; nobody else can bring them back."),
    BulkJob.Act.SUPPRESS: ("Suppress", "No publication mails these addresses any more, until staff lifts it."),
    BulkJob.Act.ERASE: ("Erase", "Everything that names these people is removed for ever. This cannot be undone."),
}


def _list_field(**options: Any) -> "forms.ModelChoiceField[SubscriberList]":
    return forms.ModelChoiceField(SubscriberList.objects.select_related("publication").order_by("name"), **options)


class MeantForm(forms.Form):
    """What is to be done, and the details of it."""

    act = forms.ChoiceField(choices=[(act.value, words) for act, (words, _) in ACTS.items()], widget=forms.HiddenInput)
    list = _list_field(required=False)
    detail = forms.CharField(required=False, max_length=300, label="Why", help_text="For your colleagues.")

    def __init__(self, data: QueryDict, *, is_answer: bool) -> None:
        super().__init__(data if is_answer else None, initial={"act": data.get("act", "")})
        act = data.get("act", "")
        if act == BulkJob.Act.ADD:
            self.fields["list"].required = True
        elif act == BulkJob.Act.LEAVE:
            self.fields["list"] = _list_field(required=False, empty_label="Every list")
            self.fields["list"].label = "List to leave"
        else:
            del self.fields["list"]
        if act in {BulkJob.Act.ADD, BulkJob.Act.ERASE}:
            del self.fields["detail"]


def subscribers_bulk(request: StaffRequest) -> HttpResponseBase:
    """POST asks whether it is meant, with the exact number; with `sure` it is done. GET leads back to the search."""
    if request.method != "POST":
        return redirect("studio:subscribers")
    act, whom = request.POST.get("act", ""), _whom(request.POST)
    if act == EXPORT:
        return _exported(whom)
    if act not in ACTS:
        raise BadInput("Choose what to do with the subscribers.")
    is_answer = "sure" in request.POST
    form = MeantForm(request.POST, is_answer=is_answer)
    if is_answer and form.is_valid():
        try:
            return _begun(request, form, whom)
        except SyndicationError as error:
            form.add_error(None, plain_words(error))
    number = bulk.how_many(whom)
    if not number:
        raise BadInput("Nobody is chosen. Tick some subscribers, or choose all that the search finds.")
    return screen(
        request,
        "subscribers_bulk.html",
        status=422 if form.errors else 200,
        form=form,
        act=act,
        words=ACTS[BulkJob.Act(act)],
        number=number,
        kept=_kept(request.POST),
        query=whom.query() if isinstance(whom, search.Search) else "",
    )


def bulk_job(request: StaffRequest, job_id: int) -> HttpResponse:
    """How far a job is; POST stops it."""
    job = get_object_or_404(BulkJob.objects.select_related("list"), pk=job_id)
    if request.method == "POST":
        if bulk.stop(job.pk, now=timezone.now()):
            messages.success(request, "Stopped. What was done stays done.")
        return redirect("studio:bulk_job", job.pk)
    return screen(request, "bulk_job.html", job=job, words=ACTS[BulkJob.Act(job.act)][0])


def _begun(request: StaffRequest, form: MeantForm, whom: bulk.Whom) -> HttpResponse:
    typed = form.cleaned_data
    job = bulk.begin(typed["act"], whom, by=request.user.email, to=typed.get("list"), detail=typed.get("detail", ""))
    if job.expected > bulk.AT_ONCE:
        transaction.on_commit(lambda: queue.ring(DO_IN_BULK, job.pk))
        return redirect("studio:bulk_job", job.pk)
    bulk.run(job.pk, erase=eraser(), now=timezone.now())
    job.refresh_from_db()
    messages.success(request, f"Done: {job.changed:,} of {job.seen:,} changed.")
    return redirect("studio:bulk_job", job.pk)


def eraser() -> Callable[[str], object]:
    """Forgets a person everywhere, as of now."""
    return lambda address: erase_reader(address, now=timezone.now())


def _whom(posted: QueryDict) -> bulk.Whom:
    if posted.get("all"):
        return search.read(posted)
    return _ids(posted)


def _ids(posted: QueryDict) -> list[int]:
    return sorted({number for text in posted.getlist("id")[: bulk.LARGEST_SELECTION] if (number := row_id(text)) is not None})


def _kept(posted: QueryDict) -> list[tuple[str, str]]:
    """What the question must say again when it is answered."""
    if posted.get("all"):
        return [("all", "1"), *search.read(posted).asked]
    return [("id", str(number)) for number in _ids(posted)]


def _exported(whom: bulk.Whom) -> StreamingHttpResponse:
    rows = find.found(whom) if isinstance(whom, search.Search) else find.of_ids(list(whom))
    answer = StreamingHttpResponse(export_rows(Filter(subscribers=rows)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="subscribers-{timezone.now():%Y-%m-%d}.csv"'
    return answer
