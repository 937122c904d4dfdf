"""Says on which line of the source a wrong merge field was typed, since an error in the cleaned HTML knows only lines that nobody sees."""

import html
import re
from collections.abc import Mapping, Sequence

from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.merge.template import check

_FIELD = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def told_by_source(error: BadTemplate, text: str, typed: Sequence[tuple[int, str]], brand: Mapping[str, str]) -> BadTemplate:
    """The same error with the line of the source; unchanged when the field cannot be found there.

    text   the title, summary or HTML that the error speaks of
    typed  line in the source and merge field as typed, in order
    """
    lines = text.split("\n")
    around = lines[error.line - 1] if error.line and error.line <= len(lines) else text
    fields = {html.unescape(found) for found in _FIELD.findall(around)}
    candidates = [(line, field) for line, field in typed if field in fields]
    if not candidates:
        return error
    line = next((line for line, field in candidates if _complaint(field, error.where, brand) == error.message), candidates[0][0])
    return BadTemplate(error.message, where=error.where, line=line)


def _complaint(field: str, where: str, brand: Mapping[str, str]) -> str:
    try:
        check(field, where=where, markup=False, brand=brand)
    except BadTemplate as error:
        return error.message
    return ""
