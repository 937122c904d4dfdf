"""The commands about articles."""

import sys
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args
from zoneinfo import available_timezones

import click
from django.conf import settings
from django.utils import timezone

from syndication.articles.bring_in import bring_in
from syndication.articles.clean_article import Kind
from syndication.articles.cleaning import Options
from syndication.articles.fetch import fetch
from syndication.articles.find import article_named
from syndication.articles.models import Article
from syndication.articles.publish import change_visibility, publish, unpublish
from syndication.articles.read_source import Source, read_path, read_stream
from syndication.audience.lists import list_named
from syndication.campaigns.schedule import schedule
from syndication.cli.output import json_option, publication_option, say
from syndication.cli.which import chosen_publication
from syndication.delivery.mailing.preview import NOBODY_YET, preview
from syndication.errors import BadInput
from syndication.queue import FEEDS, ring
from syndication.rendering.adapt import field_check
from syndication.web.archive.piece import article_page
from syndication.web.attachments import Named, attach_named, attach_of_front_matter

PUBLISH_FEEDS = "syndication.tasks.publish_feeds"


@click.group()
def article() -> None:
    """What is published."""


@article.command(name="import")
@click.argument("source", metavar="PATH_OR_URL")
@publication_option
@click.option("--publish", "is_published", is_flag=True, help="Put it on the web and into the feeds at once.")
@click.option("--visibility", type=click.Choice(Article.Visibility.values), help="Who finds it once it is published.")
@click.option("--kind", type=click.Choice(get_args(Kind)), help="Guessed from the name and the content when left out.")
@click.option("--encoding", default="", help="When the text is not UTF-8, for example latin-1.")
@click.option("--slug", default="", help="The name in its address; made from the title when left out.")
@click.option("--language", default="", help="BCP 47, such as en or de; found in the text when left out.")
@json_option
def article_import(source: str, publication: str | None, *, is_published: bool, as_json: bool, **wishes: str | None) -> None:
    """Bring an article in: plain text, Markdown or HTML from a file, a URL or (-) standard input.

    The same source again makes a new revision of the same article.
    """
    into = chosen_publication(publication, make=True)
    options = Options(
        kind=cast("Kind | None", wishes["kind"]),
        encoding=wishes["encoding"] or "",
        slug=wishes["slug"] or "",
        language=wishes["language"] or "",
    )
    brought = bring_in(_source(source), publication=into, options=options, check=field_check(into, settings.BASE_URL), now=timezone.now())
    unattached = attach_of_front_matter(brought.article, brought.audio_url, now=timezone.now())
    if wishes["visibility"]:
        change_visibility(brought.article.pk, Article.Visibility(wishes["visibility"]), now=timezone.now())
    if is_published:
        publish(brought.article.pk, now=timezone.now())
    ring(PUBLISH_FEEDS, into.pk, queue=FEEDS)
    brought.article.refresh_from_db()
    result = {**_as_json(brought.article), "dropped": [{"line": one.line, "text": one.text, "why": one.why} for one in brought.dropped]}
    result |= {"not_attached": unattached} if unattached else {}
    lines = [
        f"{'Made' if brought.created else 'Revised'} {brought.article.slug!r}: {brought.article.title}",
        f"revision {brought.article.revision}, {brought.article.state}, language {brought.article.language}",
        f"{len(brought.dropped)} line(s) dropped or changed:" if brought.dropped else "nothing was dropped",
        *(f"  line {one.line}: {one.text[:70]!r} ({one.why})" for one in brought.dropped),
        *filter(None, [unattached]),
    ]
    say(result, lines, as_json=as_json)


def _source(name: str) -> Source:
    if name == "-":
        return read_stream(sys.stdin.buffer, name="standard input")
    if name.startswith(("http://", "https://")):
        return fetch(name)
    return read_path(Path(name))


def _as_json(one: Article) -> dict[str, Any]:
    return {
        "slug": one.slug,
        "id": one.permanent_id,
        "title": one.title,
        "revision": one.revision,
        "state": one.state,
        "visibility": one.visibility,
        "language": one.language,
        "summary": one.summary,
        "publication": one.publication.slug,
        "published_at": one.published_at.isoformat() if one.published_at else None,
    }


@article.command(name="list")
@publication_option
@json_option
def article_list(publication: str | None, *, as_json: bool) -> None:
    """Show all articles, newest first."""
    found = Article.objects.select_related("publication").order_by("-created_at", "-pk")
    if publication:
        found = found.filter(publication=chosen_publication(publication))
    lines = [f"{one.state:<9} {one.publication.slug}/{one.slug}: {one.title} (revision {one.revision})" for one in found]
    say([_as_json(one) for one in found], lines or ["No article yet."], as_json=as_json)


@article.command(name="show")
@click.argument("slug")
@publication_option
@json_option
def article_show(slug: str, publication: str | None, *, as_json: bool) -> None:
    """Show one article with its clean HTML."""
    one = article_named(slug, chosen_publication(publication) if publication else None)
    result = {**_as_json(one), "author": one.author, "tags": one.tags, "html": one.html}
    head = [f"{name}: {value}" for name, value in result.items() if name != "html" and value]
    say(result, [*head, "", one.html], as_json=as_json)


@article.command(name="publish")
@click.argument("slug")
@click.option("--at", default="", metavar="TIME", help="2026-12-01T09:00: it appears then; at once when left out.")
@click.option("--zone", default="", metavar="ZONE", help="An IANA name such as Europe/Berlin; the publication's when left out.")
@click.option("--visibility", type=click.Choice(Article.Visibility.values), help="Who finds it; as it is when left out.")
@publication_option
@json_option
def article_publish(slug: str, publication: str | None, *, as_json: bool, **wishes: str | None) -> None:
    """Put an article on the web and into the feeds, now or at a time to come."""
    one = article_named(slug, chosen_publication(publication) if publication else None)
    zone = wishes["zone"] or one.publication.time_zone
    at = schedule(wishes["at"], zone, now=timezone.now(), zones=available_timezones()).moment if wishes["at"] else None
    if wishes["visibility"]:
        change_visibility(one.pk, Article.Visibility(wishes["visibility"]), now=timezone.now())
    _change(partial(publish, at=at), slug, publication, as_json=as_json)


@article.command(name="unpublish")
@click.argument("slug")
@publication_option
@json_option
def article_unpublish(slug: str, publication: str | None, *, as_json: bool) -> None:
    """Take an article off the web and out of the feeds."""
    _change(unpublish, slug, publication, as_json=as_json)


def _change(step: Any, slug: str, publication: str | None, *, as_json: bool) -> None:
    one = article_named(slug, chosen_publication(publication) if publication else None)
    step(one.pk, now=timezone.now())
    ring(PUBLISH_FEEDS, one.publication_id, queue=FEEDS)
    one.refresh_from_db()
    say(_as_json(one), [f"{one.slug!r} is {one.state}."], as_json=as_json)


@article.command(name="attach")
@click.argument("slug")
@click.argument("url")
@click.option("--title", default="")
@click.option("--duration", default="", metavar="MM:SS", help="How long it plays.")
@click.option("--transcript", "transcript_url", default="", metavar="URL", help="WebVTT, SRT, JSON, HTML or text.")
@click.option("--chapters", "chapters_url", default="", metavar="URL", help="JSON chapters (Podcasting 2.0).")
@publication_option
@json_option
def article_attach(slug: str, url: str, publication: str | None, *, as_json: bool, **more: str) -> None:
    """Attach sound, film, a PDF or an EPUB; its server is asked for type and length. The same URL again brings them up to date."""
    one = article_named(slug, chosen_publication(publication) if publication else None)
    made = attach_named(one, Named(url, **more), now=timezone.now())
    ring(PUBLISH_FEEDS, one.publication_id, queue=FEEDS)
    result = {"slug": one.slug, "url": made.url, "type": made.media_type, "length": made.length_bytes, "seconds": made.duration_seconds}
    say(result, [f"{made.url} ({made.media_type}, {made.length_bytes:,} bytes) comes with {one.slug!r} now."], as_json=as_json)


@article.command(name="render")
@click.argument("slug")
@click.option("--as", "address", default=NOBODY_YET, show_default=True, metavar="ADDRESS", help="Whose copy.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder; made when it is missing.")
@click.option("--list", "list_slug", metavar="SLUG", help="The list it would go to; the publication's first when left out.")
@publication_option
@json_option
def article_render(slug: str, address: str, out: Path, *, as_json: bool, **where: str | None) -> None:
    """Write the exact bytes of its email, and every other form: message.eml, email.html, email.txt, page.html, feed.html."""
    one = article_named(slug, chosen_publication(where["publication"]) if where["publication"] else None)
    to = list_named(where["list_slug"], one.publication) if where["list_slug"] else None
    shown = preview(one.pk, now=timezone.now(), address=address, list_id=to.pk if to else None)
    files = {
        "message.eml": shown.message,
        "email.html": shown.html.encode(),
        "email.txt": shown.text.encode(),
        "page.html": article_page(one, now=timezone.now()).encode(),
        "feed.html": shown.feed.encode(),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / name).write_bytes(content)
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}. Name a folder of yours with --out.") from error
    result = {"subject": shown.subject, "files": {name: len(content) for name, content in files.items()}, "folder": str(out)}
    say(
        result,
        [f"Subject: {shown.subject}", *(f"  {out / name}  {len(content):,} bytes" for name, content in files.items())],
        as_json=as_json,
    )
