"""Caught mail: every message that this copy sent while no SMTP server is set."""

from django.conf import settings
from django.http import Http404, HttpResponse

from syndication.errors import NotFound
from syndication.web.studio import caught, maildir
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.framed import framed
from syndication.web.studio.paging import asked, sliced
from syndication.web.studio.screen import screen

VIEWS = ("html", "text", "headers", "links", "source")
SHOWN_SOURCE_BYTES = 500_000  # a browser stays quick with that much text; the file holds the rest


def inbox(request: StaffRequest) -> HttpResponse:
    """The page /inbox/: 50 messages, the newest first, found by recipient, sender or subject."""
    _only_while_catching()
    sought = asked(request, "q")
    entries = maildir.newest_first(settings.CAUGHT_MAIL)
    found = maildir.matching(entries, sought) if sought else entries
    return screen(request, "inbox.html", page=sliced(request, found), total=len(entries), sought=sought)


def message(request: StaffRequest, name: str) -> HttpResponse:
    """One message: its HTML in a frame, its text, headers, links and source."""
    entry, raw = _read(name)
    read = caught.read(raw)
    view = request.GET.get("view", "")
    return screen(
        request,
        "message.html",
        entry=entry,
        message=read,
        view=view if view in VIEWS else "html" if read.html else "text",
        source=raw[:SHOWN_SOURCE_BYTES].decode("utf-8", "replace"),
        is_cut=len(raw) > SHOWN_SOURCE_BYTES,
        is_phone=request.GET.get("width") == "phone",
        is_dark=request.GET.get("scheme") == "dark",
    )


def message_html(_: StaffRequest, name: str) -> HttpResponse:
    """The HTML part alone, for the frame."""
    return framed(caught.read(_read(name)[1]).html)


def message_file(_: StaffRequest, name: str) -> HttpResponse:
    """The exact bytes, as a file that a mail reader opens."""
    return HttpResponse(
        _read(name)[1], content_type="message/rfc822", headers={"Content-Disposition": 'attachment; filename="message.eml"'}
    )


def _read(name: str) -> tuple[maildir.Entry, bytes]:
    _only_while_catching()
    entry = maildir.find(settings.CAUGHT_MAIL, name)
    try:
        with open(entry.path, "rb") as file:  # noqa: PTH123  # the path comes from scandir, as text
            return entry, file.read()
    except OSError as error:
        raise NotFound("This message was deleted a moment ago.") from error


def _only_while_catching() -> None:
    if not settings.MAIL_CATCHER_ON:
        raise Http404
