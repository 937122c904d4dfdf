"""Shows HTML that staff or a stranger wrote inside a frame from its own address, where it can load pictures and nothing else."""

import re

from csp.constants import HEADER
from django.http import HttpResponse

# A mail's styles are inline, so they must be allowed here; scripts, forms and frames stay off, and "sandbox" gives
# the document an origin of its own: it cannot read the studio's cookies or pages. CSP 3, 7.3.
POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' https: data:; font-src https:; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
NEW_TAB = '<base target="_blank">'
"""A link that is tried in a preview opens beside the studio, not inside the frame."""


def framed(html: str) -> HttpResponse:
    """The document for an iframe of the studio, under POLICY."""
    shown = _HEAD.sub(lambda head: head[0] + NEW_TAB, html, count=1) if _HEAD.search(html) else NEW_TAB + html
    return HttpResponse(shown, headers={HEADER: POLICY, "Referrer-Policy": "no-referrer"})
