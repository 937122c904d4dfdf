"""Tries a step for a form, and puts the reason beside the field when it refuses."""

from collections.abc import Callable
from typing import Any

from django import forms

from syndication.errors import SyndicationError
from syndication.web.studio.plain_words import plain_words


def tried(form: forms.Form, field: str | None, step: Callable[[], Any]) -> Any:
    """What the step returns; None when it refuses."""
    try:
        return step()
    except SyndicationError as error:
        form.add_error(field, plain_words(error))
        return None
