"""Who is not mailed: suppressed addresses, and domains that are blocked or alone allowed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from syndication.articles.models import Publication
from syndication.audience.models import DomainRule, Suppression
from syndication.audience.suppression import domain_rules, suppress
from syndication.audience.suppression.domain_rules import Taken
from syndication.errors import BadInput, SyndicationError
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.paging import sliced
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import screen

LARGEST_FILE = 4 * 2**20  # bytes: some hundred thousand lines
SHOWN_REFUSALS = 20


class _Lines(forms.Form):
    """Lines that are typed or come in a file."""

    publication = forms.ModelChoiceField(Publication.objects.order_by("name"), required=False, empty_label="Every publication", label="By")
    lines = forms.CharField(required=False, max_length=100_000, widget=forms.Textarea({"rows": 4, "class": "paste"}))
    file = forms.FileField(
        required=False, help_text="Text, one a line.", widget=forms.FileInput({"accept": ".txt,.csv,text/plain,text/csv"})
    )
    detail = forms.CharField(required=False, max_length=300, label="Why", help_text="For your colleagues.")

    def clean(self) -> dict[str, Any]:
        """At least one line."""
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["all_lines"] = [*cleaned.get("lines", "").splitlines(), *_read(cleaned.get("file"))]
        if not self.errors and not any(line.strip() for line in cleaned["all_lines"]):
            raise forms.ValidationError("Type some lines, or choose a file.")
        return cleaned


class SuppressForm(_Lines):
    """Addresses that must not be mailed any more."""

    field_order = ("lines", "file", "publication", "detail")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lines"].label = "Addresses, one a line"


class LiftForm(forms.Form):
    """An address that may be mailed again."""

    address = forms.CharField(label="Email address", max_length=320, widget=forms.EmailInput({"autocomplete": "off"}))
    publication = forms.ModelChoiceField(Publication.objects.order_by("name"), required=False, empty_label="Every publication", label="Of")
    own_word = forms.BooleanField(
        required=False,
        label="The person has asked for it",
        help_text="Needed where the person unsubscribed, complained or was erased. It subscribes nobody: that takes their own yes.",
    )
    note = forms.CharField(required=False, max_length=300, label="How and when", help_text="Stays in the history.")


class DomainForm(_Lines):
    """Domains and what is to happen with their addresses."""

    field_order = ("lines", "file", "kind", "publication", "detail")
    kind = forms.ChoiceField(choices=[("block", "Block them"), ("allow", "Allow only them and what else is allowed")], label="What to do")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lines"].label = "Domains, one a line"
        self.fields["lines"].help_text = "Their subdomains are meant, too."


def suppressions(request: StaffRequest) -> HttpResponse:
    """The newest suppressions, with a form to add some and one to lift one."""
    is_lift = request.POST.get("do") == "lift"
    posted = request.POST if request.method == "POST" else None
    form = SuppressForm(None if is_lift else posted, None if is_lift else request.FILES if posted else None)
    lift = LiftForm(posted if is_lift else None, prefix="lift")
    refused: list[dict[str, int | str]] = []
    if posted and is_lift and lift.is_valid() and _lifted(request, lift):
        return redirect("studio:suppressions")
    if posted and not is_lift and form.is_valid():
        taken = _tried(form, lambda typed: _suppressed(request, typed))
        if taken and not taken.refused:
            return redirect("studio:suppressions")
        refused = taken.refused if taken else []
    return screen(
        request,
        "suppressions.html",
        status=422 if form.errors or lift.errors or refused else 200,
        form=form,
        lift=lift,
        refused=refused[:SHOWN_REFUSALS],
        refused_count=len(refused),
        page=sliced(request, Suppression.objects.select_related("publication").order_by("-pk")),
    )


def domains(request: StaffRequest) -> HttpResponse:
    """The rules, and a form for new ones; POST with `remove` takes one back."""
    posted = request.POST if request.method == "POST" else None
    if posted and (number := posted.get("remove", "")).isdecimal():
        DomainRule.objects.filter(pk=int(number[:18])).delete()
        messages.success(request, "The rule is gone.")
        return redirect("studio:domains")
    form = DomainForm(posted, request.FILES if posted else None)
    refused: list[dict[str, int | str]] = []
    if posted and form.is_valid():
        taken = _tried(form, _ruled)
        if taken:
            messages.success(request, f"{taken.new:,} new, {taken.unchanged:,} were so already.")
        if taken and not taken.refused:
            return redirect("studio:domains")
        refused = taken.refused if taken else []
    return screen(
        request,
        "domains.html",
        status=422 if form.errors or refused else 200,
        form=form,
        refused=refused[:SHOWN_REFUSALS],
        refused_count=len(refused),
        page=sliced(request, DomainRule.objects.select_related("publication").order_by("domain", "pk")),
    )


def _lifted(request: StaffRequest, form: LiftForm) -> bool:
    typed = form.cleaned_data
    try:
        row = suppress.unsuppress(
            typed["address"], publication=typed["publication"], by=request.user.email, note=typed["note"], own_word=typed["own_word"]
        )
    except SyndicationError as error:
        form.add_error(None, plain_words(error))
        return False
    messages.success(request, f"Lifted ({row.reason}). Nobody was subscribed by it.")
    return True


def _suppressed(request: StaffRequest, typed: dict[str, Any]) -> Taken:
    taken = suppress.suppress_lines(
        typed["all_lines"], reason=Suppression.Reason.STAFF, publication=typed["publication"], detail=typed["detail"], by=request.user.email
    )
    messages.success(request, f"{taken.new:,} suppressed, {taken.unchanged:,} were so already.")
    return taken


def _ruled(typed: dict[str, Any]) -> Taken:
    return domain_rules.put_lines(typed["all_lines"], kind=typed["kind"], publication=typed["publication"], detail=typed["detail"])


def _tried(form: forms.Form, step: Any) -> Taken | None:
    try:
        found: Taken = step(form.cleaned_data)
    except SyndicationError as error:
        form.add_error(None, plain_words(error))
        return None
    return found


def _read(file: Any) -> list[str]:
    """The lines of an upload. Raises ValidationError for one that is too large or no text."""
    if file is None:
        return []
    if file.size > LARGEST_FILE:
        raise forms.ValidationError(f"The file is larger than {LARGEST_FILE // 2**20} MB. Divide it, or use the command line.")
    try:
        return list(domain_rules.too_many_refused(file.read().decode("utf-8-sig").replace("\0", "").splitlines()))
    except UnicodeDecodeError as error:
        raise forms.ValidationError("The file is not text in UTF-8. Save it as UTF-8.") from error
    except BadInput as error:
        raise forms.ValidationError(plain_words(error)) from error
