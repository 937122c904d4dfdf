"""The Jinja2 environment and context of every page of ours."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment, StrictUndefined


def environment(**options: Any) -> Environment:
    """The environment that Django's Jinja2 backend uses for studio and public pages."""
    made = Environment(**{**options, "autoescape": True, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True})  # noqa: S701
    made.globals.update(static=static, url=reverse)
    return made


def context(request: HttpRequest) -> dict[str, Any]:
    """What every page may use."""
    return {"user": getattr(request, "user", None)}
