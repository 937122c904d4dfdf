"""The form field of a name that strangers read: signs that turn the direction of writing are taken out."""

import re
from typing import Any

from django import forms

# Unicode 9, bidirectional embeddings, overrides and isolates: one left open in a name turns the text behind it around,
# in mails and on pages. The marks U+200E and U+200F stay: they end by themselves, and Hebrew and Arabic names need them.
TURNS_TEXT = re.compile("[\u202a-\u202e\u2066-\u2069]")


class NameField(forms.CharField):
    """One line of text without signs that turn the text behind it around."""

    def to_python(self, value: Any) -> str | None:
        """The name as it is kept; white space that stood beside such a sign goes too."""
        return super().to_python(TURNS_TEXT.sub("", value) if isinstance(value, str) else value)
