"""The commands that change where things are found, and by whom; ids stay, and old addresses lead to the new ones for ever."""

from typing import Any

import click
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from syndication.articles.find import article_named
from syndication.articles.models import Article, Publication
from syndication.articles.move import move_article, rename_publication
from syndication.articles.publish import change_visibility
from syndication.campaigns.moving import refuse_while_planned
from syndication.cli.output import json_option, publication_option, say
from syndication.cli.which import chosen_publication
from syndication.queue import FEEDS, ring
from syndication.rendering.adapt import article_url, home_url

PUBLISH_FEEDS = "syndication.tasks.publish_feeds"


@click.command(name="move")
@click.argument("slug")
@click.argument("new_slug", metavar="NEW")
@json_option
def publication_move(slug: str, new_slug: str, *, as_json: bool) -> None:
    """Give a publication another slug: its pages and feeds move, and their old addresses lead on."""
    moved = rename_publication(chosen_publication(slug).pk, new_slug, now=timezone.now())
    ring(PUBLISH_FEEDS, moved.pk, queue=FEEDS)
    address = home_url(moved, settings.BASE_URL)
    say({"slug": moved.slug, "url": address}, [f"{slug!r} is now {moved.slug!r}: {address}. Old addresses lead there."], as_json=as_json)


@click.command(name="move")
@click.argument("slug")
@click.option("--slug", "new_slug", default="", metavar="NEW", help="Its new name in the address.")
@click.option("--publication", "into", metavar="OTHER", help="The publication that it goes to.")
@click.option("--from", "publication", metavar="SLUG", help="The publication it is in, when several have an article of that name.")
@json_option
def article_move(slug: str, new_slug: str, *, into: str | None, publication: str | None, as_json: bool) -> None:
    """Give an article another slug, or another publication; feed readers see nothing twice."""
    one = article_named(slug, chosen_publication(publication) if publication else None)
    target: Publication | None = chosen_publication(into) if into else None
    left = one.publication
    with transaction.atomic():
        if target and target.pk != left.pk:
            refuse_while_planned(one.pk)
        moved = move_article(one.pk, slug=new_slug, publication=target, now=timezone.now())
    for pk in {left.pk, moved.publication_id}:
        ring(PUBLISH_FEEDS, pk, queue=FEEDS)
    address = article_url(moved, settings.BASE_URL)
    result: dict[str, Any] = {"slug": moved.slug, "publication": moved.publication.slug, "id": moved.permanent_id, "url": address}
    say(result, [f"{left.slug}/{slug} is now at {address}. The old address leads there."], as_json=as_json)


@click.command(name="visibility")
@click.argument("slug")
@click.argument("visibility", type=click.Choice(Article.Visibility.values))
@publication_option
@json_option
def article_visibility(slug: str, visibility: str, publication: str | None, *, as_json: bool) -> None:
    """Say who finds a published article: everybody (public), whoever has its address (unlisted), or nobody outside the mail (email)."""
    one = article_named(slug, chosen_publication(publication) if publication else None)
    changed = change_visibility(one.pk, Article.Visibility(visibility), now=timezone.now())
    ring(PUBLISH_FEEDS, changed.publication_id, queue=FEEDS)
    say({"slug": changed.slug, "visibility": changed.visibility}, [f"{changed.slug!r} is {changed.visibility}."], as_json=as_json)
