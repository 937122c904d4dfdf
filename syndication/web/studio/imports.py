"""Imports of readers: upload, look, describe, try out, bring in, watch, stop and take back; and the way out as a table."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from syndication import queue
from syndication.audience.imports import files
from syndication.audience.imports import job as jobs
from syndication.audience.models import ImportJob, ImportRefusal, SubscriberList, Subscription
from syndication.audience.staff import exporting
from syndication.audience.staff.exporting import Filter, export_rows, export_suppressions, table_of
from syndication.audience.table.look import Look
from syndication.errors import SyndicationError
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.import_describe import DescribeForm, UploadForm, explained
from syndication.web.studio.paging import asked, row_id, sliced
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import fragment, screen
from syndication.web.upload_limit import was_too_large

BRING_IN = "syndication.tasks.bring_in_readers"
STOP_POLLING = 286  # https://htmx.org/docs/#polling
SHOWN_REFUSALS = 20
SOON_TO_CHANGE = jobs.WORKING
DESCRIBED_IN = (ImportJob.State.UPLOADED, ImportJob.State.READY, ImportJob.State.FAILED)


def imports(request: StaffRequest) -> HttpResponse:
    """Every import, the newest first, and the form for a new one."""
    is_too_large = request.method == "POST" and was_too_large(request)
    form = UploadForm(request.POST if request.method == "POST" else None, request.FILES if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = None if is_too_large else _uploaded(form, request)
        if is_too_large:
            form.add_error("file", plain_words(files.TOO_LARGE))
        if made:
            return redirect("studio:import", made.pk)
    return screen(
        request,
        "imports.html",
        status=422 if form.errors else 200,
        form=form,
        page=sliced(request, ImportJob.objects.select_related("list__publication").order_by("-pk")),
        can_add=SubscriberList.objects.exists(),
        largest_mb=settings.IMPORT_BYTES // 2**20,
    )


def _uploaded(form: UploadForm, request: StaffRequest) -> ImportJob | None:
    """The new import; None when the file is none, with the reason beside it."""
    file = form.cleaned_data["file"]
    if file is None:
        form.add_error("file", "Choose a file; it must not be empty.")
        return None
    try:
        return jobs.upload(
            file.chunks(), to=form.cleaned_data["list"], file_name=file.name, by=request.user.email, limit_bytes=settings.IMPORT_BYTES
        )
    except SyndicationError as error:
        form.add_error("file", plain_words(error))
        return None


def import_page(request: StaffRequest, import_id: int) -> HttpResponse:
    """One import. POST: what its columns are; then it is tried out, or looked at again where it is read otherwise than before."""
    job = jobs.job_of(import_id)
    look, form = None, None
    if job.path and job.state in DESCRIBED_IN:
        try:
            look = jobs.look_again(job)
        except SyndicationError as error:
            messages.error(request, plain_words(error))
    if look:
        form = DescribeForm(job, look, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            answer = _described(request, job, form)
            if answer:
                return answer
    return screen(request, "import.html", status=422 if form and form.errors else 200, form=form, **_shown(job, look))


def _described(request: StaffRequest, job: ImportJob, form: DescribeForm) -> HttpResponse | None:
    said = form.described
    try:
        jobs.describe(job, said)
        if said.fields is None or "look" in request.POST:
            messages.info(request, "The file is read anew: look at its columns once more.")
        else:
            jobs.check(job)
            transaction.on_commit(partial(queue.ring, BRING_IN, job.pk))
    except SyndicationError as error:
        form.add_error(None, plain_words(error))
        return None
    return redirect("studio:import", job.pk)


def _shown(job: ImportJob, look: Look | None = None) -> dict[str, object]:
    is_checking = job.state in {job.State.CHECKING, job.State.READY}
    counts = job.expected if is_checking else job.counts
    done = sum(counts.get(name, 0) for name in ("new", "updated", "unchanged", "refused"))
    total = sum(job.expected.get(name, 0) for name in ("new", "updated", "unchanged", "refused")) if not is_checking else 0
    share = job.place.get("offset", 0) * 100 // job.size_bytes if job.size_bytes and job.state in jobs.WORKING else 100
    return {
        "job": job,
        "look": look,
        "found": explained(look) if look else (),
        "counts": counts,
        "done": done,
        "total": total,
        "percent": min(share, 100),
        "is_working": job.state in jobs.WORKING,
        "undone": job.place.get("undone", {}),
        "refusals": ImportRefusal.objects.filter(job=job).order_by("pk")[:SHOWN_REFUSALS],
    }


def import_progress(request: StaffRequest, import_id: int) -> HttpResponse:
    """The moving part; when the state has changed, htmx is told to load the whole page."""
    job = jobs.job_of(import_id)
    has_changed = asked(request, "was") != job.state
    answer = fragment(request, "import_progress.html", status=200 if job.state in jobs.WORKING else STOP_POLLING, **_shown(job))
    if has_changed:
        answer["HX-Refresh"] = "true"
        answer.status_code = 200
    return answer


def import_act(request: StaffRequest, import_id: int, act: str) -> HttpResponse:
    """POST: start, stop, resume, undo or discard; what is refused is said on the import's page."""
    if act not in ACTS:
        raise Http404
    if request.method == "POST":
        step, sentence = ACTS[act]
        try:
            step(jobs.job_of(import_id))
        except SyndicationError as error:
            messages.error(request, plain_words(error))
        else:
            messages.success(request, sentence)
            transaction.on_commit(partial(queue.ring, BRING_IN, import_id))
    return redirect("studio:imports" if act == "discard" else "studio:import", *([] if act == "discard" else [import_id]))


ACTS: dict[str, tuple[Callable[[ImportJob], None], str]] = {
    "start": (jobs.start, "The readers are on their way in."),
    "stop": (jobs.stop, "It stops in a moment; what is in stays, and can be taken back."),
    "resume": (jobs.resume, "It goes on where it stopped."),
    "undo": (jobs.undo, "It is being taken back."),
    "discard": (jobs.discard, "The file is deleted; nobody was brought in."),
}


def import_refused(request: StaffRequest, import_id: int) -> HttpResponseBase:  # noqa: ARG001  # a view
    """The rows that were not taken, as a table."""
    job = jobs.job_of(import_id)
    rows = ImportRefusal.objects.filter(job=job).order_by("pk").values_list("line", "address", "why")
    return _download(table_of(exporting.REFUSAL_COLUMNS, rows.iterator(chunk_size=exporting.PAGE)), f"refused-{job.pk}", timezone.now())


def subscribers_export(request: StaffRequest) -> HttpResponseBase:
    """Readers as a table: of a list, in a state, or all."""
    state = asked(request, "state")
    wanted = Filter(list_id=row_id(asked(request, "list")), state=state if state in Subscription.State.values else "")
    return _download(export_rows(wanted), "subscribers", timezone.now())


def suppressions_export(request: StaffRequest) -> HttpResponseBase:  # noqa: ARG001  # a view
    """The suppressed addresses as keyed hashes."""
    return _download(export_suppressions(), "suppressions", timezone.now())


def _download(lines: Iterator[str], name: str, now: datetime) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(_in_blocks(lines), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}-{now:%Y-%m-%d}.csv"'
    return answer


def _in_blocks(lines: Iterator[str]) -> Iterator[bytes]:
    """Some hundred lines a write; with the mark by which spreadsheets know UTF-8."""
    block, size = ["\ufeff"], 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size > 64 * 1024:
            yield "".join(block).encode()
            block, size = [], 0
    yield "".join(block).encode()
