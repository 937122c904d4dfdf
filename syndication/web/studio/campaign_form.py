"""The form of a new campaign: what, to whom, when."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import available_timezones

from django import forms

from syndication.articles.models import Article
from syndication.audience.models import SubscriberList
from syndication.campaigns.create import Wish
from syndication.campaigns.schedule import Schedule, schedule
from syndication.web.studio.headlines import title_line

OFFERED = 300  # articles in the choice, the newest ones
LATER, NOW, DRAFT = "later", "now", "draft"


class ArticleChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # the stubs make it generic, Django does not
    """Articles by title, with the publication that they belong to."""

    def label_from_instance(self, obj: Article) -> str:
        """Title, publication, and whether it is still a draft."""
        draft = ", draft" if obj.state == Article.State.DRAFT else ""
        return f"{title_line(obj)} ({obj.publication.name}{draft})"


class ListChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # as above
    """Lists by name, with the publication that they belong to."""

    def label_from_instance(self, obj: SubscriberList) -> str:
        """Name and publication."""
        return f"{obj.name} ({obj.publication.name})"


class CampaignForm(forms.Form):
    """What a person in marketing decides; `wish` says it to campaigns.create."""

    article = ArticleChoice(Article.objects.none(), empty_label="Choose an article")
    list = ListChoice(
        SubscriberList.objects.select_related("publication").order_by("publication__name", "name"), empty_label="Choose a list"
    )
    subject = forms.CharField(
        required=False,
        max_length=500,
        help_text='Empty: the article\'s title. Merge fields work: {{ subscriber.first_name | default("there") }}',
    )
    when = forms.ChoiceField(
        choices=[(LATER, "At a time"), (NOW, "Now"), (DRAFT, "Not yet: keep it as a draft")], initial=LATER, widget=forms.RadioSelect
    )
    date = forms.DateField(required=False, widget=forms.DateInput({"type": "date"}))
    time = forms.TimeField(required=False, widget=forms.TimeInput({"type": "time"}))
    zone = forms.CharField(
        required=False, max_length=64, label="Time zone", widget=forms.TextInput({"list": "zones", "autocomplete": "off"})
    )

    def __init__(self, *args: object, asked_article: int | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed through
        newest = list(Article.objects.order_by("-updated_at").values_list("pk", flat=True)[:OFFERED])
        offered = Article.objects.select_related("publication").filter(pk__in=[*newest, asked_article or 0])
        self.fields["article"].queryset = offered.order_by("-updated_at")  # type: ignore[attr-defined]  # a ModelChoiceField

    def clean(self) -> dict[str, object]:
        """A send at a time needs the time."""
        typed = super().clean() or {}
        if typed.get("when") == LATER:
            for name in ("date", "time"):
                if not typed.get(name) and name not in self.errors:
                    self.add_error(name, f"Give the {name}, or choose “Now”.")
        return typed

    @property
    def wish(self) -> Wish:
        """The valid form as campaigns.create understands it."""
        typed = self.cleaned_data
        is_later = typed["when"] == LATER
        return Wish(
            article=typed["article"],
            list=typed["list"],
            subject=typed["subject"].strip(),
            at=f"{typed['date']:%Y-%m-%d}T{typed['time']:%H:%M}" if is_later else "",
            zone=typed["zone"].strip() if is_later else "",
        )


@dataclass(frozen=True, slots=True)
class Said:
    """What typed date, time and zone come to: a schedule, or why there is none; neither when something is still to be typed."""

    schedule: Schedule | None = None
    problem: str = ""


def said_schedule(date: str, time: str, zone: str, now: datetime) -> Schedule:
    """The schedule of three typed fields. Raises BadSchedule."""
    return schedule(f"{date}T{time}", zone.strip(), now=now, zones=available_timezones())
