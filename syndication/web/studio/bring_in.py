"""Brings an article in: a file or pasted text becomes a clean article, and what was cleaned away is shown."""

import io
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from syndication import queue
from syndication.articles.bring_in import BroughtIn, Options, bring_in
from syndication.articles.decoding import refuse_size
from syndication.articles.errors import BadSource
from syndication.articles.models import Article, Publication
from syndication.articles.read_source import Source, read_stream
from syndication.errors import SyndicationError
from syndication.rendering.adapt import field_check
from syndication.web.attachments import attach_of_front_matter
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.headlines import title_line
from syndication.web.studio.import_form import ImportForm
from syndication.web.studio.paging import asked, row_id
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import screen

PUBLISH_FEEDS = "syndication.tasks.publish_feeds"
PASTED = "pasted text"


def article_import(request: StaffRequest) -> HttpResponse:
    """The form; what is wrong with a source is said beside it, with what was typed kept."""
    if request.method == "POST":
        form = ImportForm(request.POST, request.FILES)
        brought = _try(form) if form.is_valid() else None
        if brought:
            unattached = attach_of_front_matter(brought.article, brought.audio_url, now=timezone.now())
            if unattached:
                messages.warning(request, plain_words(unattached))
            return _announced(request, brought)
    else:
        revised = Article.objects.filter(pk=row_id(asked(request, "article")) or 0).first()
        form = ImportForm(
            asked_article=revised.pk if revised else None,
            initial={"revises": revised.pk if revised else None, "publication": revised.publication_id if revised else None},
        )
    return screen(
        request,
        "article_import.html",
        status=422 if form.errors else 200,
        form=form,
        has_publications=Publication.objects.exists(),
        live=_live(form),
    )


def _live(form: ImportForm) -> Article | None:
    """The published article of which the form, as it is shown, makes a new revision."""
    number = row_id(str(form["revises"].value() or ""))
    return Article.objects.select_related("publication").filter(pk=number, state=Article.State.PUBLISHED).first() if number else None


def _try(form: ImportForm) -> BroughtIn | None:
    """The article; None when the source or a merge field in it is refused, with the reason in the form and nothing written."""
    typed = form.cleaned_data
    publication: Publication = typed["publication"]
    revised: Article | None = typed["revises"]
    encoding = typed["encoding"].strip() if typed["file"] else ""  # pasted text has come as Unicode
    options = Options(kind=typed["kind"] or None, encoding=encoding, slug=revised.slug if revised else "", is_new=revised is None)
    check = field_check(publication, settings.BASE_URL)
    try:
        brought = bring_in(_source(form), publication=publication, options=options, check=check, now=timezone.now())
    except SyndicationError as error:
        is_of_source = isinstance(error, BadSource)
        form.add_error(("file" if typed["file"] else "text") if is_of_source else None, plain_words(error))
        return None
    transaction.on_commit(partial(queue.ring, PUBLISH_FEEDS, publication.pk, queue=queue.FEEDS))
    return brought


def _source(form: ImportForm) -> Source:
    upload = form.cleaned_data["file"]
    if upload is None:
        return read_stream(io.BytesIO(form.cleaned_data["text"].encode()), name=PASTED)
    refuse_size(upload.size, upload.name)
    return read_stream(upload, name=upload.name)


def _announced(request: StaffRequest, brought: BroughtIn) -> HttpResponse:
    article = brought.article
    made = "A new article is here" if brought.created else f"This is revision {article.revision} of the article"
    live = " It is live: the page shows it, and the feeds follow in a moment." if article.state == Article.State.PUBLISHED else ""
    messages.success(request, f"{made}: “{title_line(article)}”.{live}")
    return HttpResponseRedirect(reverse("studio:article", args=[article.pk]) + "?fresh=1")
