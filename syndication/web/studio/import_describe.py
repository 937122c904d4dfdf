"""The forms of an import: which file into which list, and then what its columns are and where the readers agreed."""

from collections.abc import Sequence
from typing import Any

from django import forms

from syndication.audience.imports.job import Described
from syndication.audience.models import ImportJob, SubscriberList
from syndication.audience.table.columns import ATTRIBUTE, FIELDS, IGNORE
from syndication.audience.table.forms import DELIMITERS, ENCODINGS
from syndication.audience.table.look import Chosen, Look
from syndication.audience.table.presets import PRESETS

AS_ATTRIBUTE = "attribute"
_TABS = {"\t": "tab"}
NO = "none"


class UploadForm(forms.Form):
    """A file, and where its readers go."""

    list = forms.ModelChoiceField(SubscriberList.objects.select_related("publication").order_by("name"), empty_label=None)
    file = forms.FileField(
        required=False,
        label="Table of readers",
        help_text="CSV or TSV, one reader a line. From a spreadsheet: save as CSV. Nothing is brought in before you have seen what would be.",
        widget=forms.FileInput({"accept": ".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"}),
    )


class DescribeForm(forms.Form):
    """How the file is read, and what its readers said."""

    encoding = forms.ChoiceField(choices=[(one, one) for one in ENCODINGS])
    delimiter = forms.ChoiceField(choices=[(name, name) for name in DELIMITERS.values()], label="Between cells")
    has_header = forms.BooleanField(required=False, label="The first line names the columns")
    preset = forms.ChoiceField(choices=[(NO, "Another system"), *((key, one.name) for key, one in PRESETS.items())], label="Exported from")
    confirmed = forms.BooleanField(
        required=False,
        label="These readers have agreed to get this mail, and I can show it",
        help_text="Otherwise they are pending, and get no mail until they confirm.",
    )
    consent_source = forms.CharField(
        required=False,
        max_length=300,
        label="Where and when did they agree?",
        help_text="Kept with every reader's consent, for example: the sign-up form of the old site, exported in May.",
    )
    suppresses_left = forms.BooleanField(
        required=False,
        label="Never mail those who left, bounced or complained there",
        help_text="They are not brought in either way. With this they are suppressed here, too, so that no later import can add them.",
    )

    def __init__(self, job: ImportJob, look: Look, data: Any = None) -> None:
        super().__init__(data, initial=_as_described(job, look))
        self._look = look
        for at, column in enumerate(look.columns):
            chosen = AS_ATTRIBUTE if column.field.startswith(ATTRIBUTE) else column.field
            self.fields[f"field-{at}"] = forms.ChoiceField(
                choices=[*FIELDS.items(), (AS_ATTRIBUTE, "Attribute:")], label=f"{column.name} becomes", initial=chosen, required=False
            )
            self.fields[f"key-{at}"] = forms.CharField(
                required=False, max_length=60, label=f"Name of the attribute of {column.name}", initial=_key_of(column.field)
            )

    @property
    def rows(self) -> list[tuple[Any, forms.BoundField, forms.BoundField]]:
        """Each column with its two fields."""
        return [(column, self[f"field-{at}"], self[f"key-{at}"]) for at, column in enumerate(self._look.columns)]

    @property
    def described(self) -> Described:
        """What was typed; the fields only while they are those of the file that was looked at."""
        typed = self.cleaned_data
        delimiters = {name: sign for sign, name in DELIMITERS.items()}
        chosen = Chosen(
            typed["encoding"],
            delimiters[typed["delimiter"]],
            typed["has_header"],
            "" if typed["preset"] == NO else typed["preset"],
        )
        return Described(
            chosen,
            None if self._is_read_anew(chosen) else self._fields(),
            is_confirmed=typed["confirmed"],
            consent_source=typed["consent_source"],
            suppresses_left=typed["suppresses_left"],
        )

    def _is_read_anew(self, chosen: Chosen) -> bool:
        form = self._look.form
        return (chosen.encoding, chosen.delimiter, chosen.has_header, chosen.preset) != (
            form.encoding,
            form.delimiter,
            form.has_header,
            form.preset,
        )

    def _fields(self) -> list[str]:
        typed = self.cleaned_data
        return [_field_of(typed.get(f"field-{at}") or IGNORE, typed.get(f"key-{at}", "")) for at in range(len(self._look.columns))]


def _field_of(chosen: str, key: str) -> str:
    return f"{ATTRIBUTE}{key.strip()}" if chosen == AS_ATTRIBUTE else chosen


def _key_of(field: str) -> str:
    return field.removeprefix(ATTRIBUTE) if field.startswith(ATTRIBUTE) else ""


def _as_described(job: ImportJob, look: Look) -> dict[str, Any]:
    return {
        "encoding": look.form.encoding,
        "delimiter": DELIMITERS[look.form.delimiter],
        "has_header": look.form.has_header,
        "preset": look.form.preset or NO,
        "confirmed": job.confirmed,
        "consent_source": job.consent_source,
        "suppresses_left": job.suppresses_left,
    }


def explained(look: Look) -> Sequence[str]:
    """What was found, in words."""
    whose = PRESETS[look.form.preset].name if look.form.preset else ""
    return [one for one in (f"an export of {whose}" if whose else "", look.form.encoding, DELIMITERS[look.form.delimiter]) if one]
