"""The Jinja2 environment and context of every page of ours."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django_htmx.jinja import htmx_script
from jinja2 import Environment, StrictUndefined

from syndication.web import wording
from syndication.web.direction import direction
from syndication.web.studio.headlines import confirmed_readers, mailing_line, subject_line, title_line
from syndication.web.studio.plain_words import plain_words


def environment(**options: Any) -> Environment:
    """The environment that Django's Jinja2 backend uses for studio and public pages."""
    made = Environment(**{**options, "autoescape": True, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True})  # noqa: S701
    made.globals.update(static=static, url=reverse, htmx_script=htmx_script)
    made.filters.update(
        confirmed_readers=confirmed_readers,
        counted=wording.counted,
        direction=direction,
        from_now=wording.from_now,
        how_long=wording.how_long,
        mailing_line=mailing_line,
        plain_words=plain_words,
        size=wording.size,
        stamp=wording.stamp,
        subject_line=subject_line,
        thousands=wording.thousands,
        title_line=title_line,
    )
    return made


def context(request: HttpRequest) -> dict[str, Any]:
    """What every page may use."""
    return {"user": getattr(request, "user", None)}
