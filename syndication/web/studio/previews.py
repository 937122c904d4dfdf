"""Shows what an article becomes for a reader, by the very call that the sender makes."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from syndication.articles.models import Article
from syndication.delivery.mailing.preview import Preview, preview
from syndication.errors import NotFound, SyndicationError
from syndication.web.archive.piece import article_page
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.framed import framed
from syndication.web.studio.paging import asked
from syndication.web.studio.plain_words import plain_words

VIEWS = ("email", "text", "page", "feed", "source", "revisions")
PREVIEWED = frozenset(VIEWS) - {"revisions"}
FRAMED = ("email", "page", "feed")
# A feed reader brings its own type; this stands for it. Nothing in it is sent to anybody.
FEED_READER = (
    '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
    "<style>body{{font:17px/1.6 Georgia,serif;max-width:40em;margin:1.5em auto;padding:0 1em}}img{{max-width:100%;height:auto}}"
    "pre{{overflow:auto}}table{{border-collapse:collapse}}td,th{{border:1px solid #8886;padding:.3em .6em}}</style>{body}"
)


def try_preview(article: Article, reader: str) -> tuple[Preview | None, str]:
    """The forms of an article for the reader of that address ("" for one without a name), or why it cannot be shown."""
    try:
        return preview(article.pk, now=timezone.now(), address=reader or None, has_live_links=False), ""
    except SyndicationError as error:
        return None, plain_words(error)


def article_frame(request: StaffRequest, article_id: int, form: str) -> HttpResponse:
    """The document for the preview's iframe: email, page or feed."""
    if form not in FRAMED:
        raise NotFound("There is no such preview.")
    article = get_object_or_404(Article.objects.select_related("publication"), pk=article_id)
    found, _ = try_preview(article, asked(request, "as"))
    if found is None:
        return framed(FEED_READER.format(body="<p>The preview cannot be made; the page around it says why.</p>"))
    if form == "page":
        return framed(article_page(article, now=timezone.now()))
    return framed(found.html if form == "email" else FEED_READER.format(body=found.feed))


def article_message(request: StaffRequest, article_id: int) -> HttpResponse:
    """The exact bytes of the message, as a file that a mail reader opens."""
    article = get_object_or_404(Article, pk=article_id)
    made = preview(article.pk, now=timezone.now(), address=asked(request, "as") or None, has_live_links=False)
    return HttpResponse(
        made.message,
        content_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{article.slug}.eml"'},
    )
