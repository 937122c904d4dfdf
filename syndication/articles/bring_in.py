"""Brings a source in: cleans it, finds the article it belongs to, keeps it as a new revision or a new article."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import blake2s
from itertools import count

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from syndication.articles import feed_changes, old_addresses, topics, white_space
from syndication.articles.clean_article import CleanArticle, Dropped
from syndication.articles.cleaning import Options, clean
from syndication.articles.decoding import decode
from syndication.articles.models import Article, OldAddress, Publication, Revision
from syndication.articles.read_source import Source
from syndication.articles.search.index import index
from syndication.errors import Refused

__all__ = ["BroughtIn", "Options", "bring_in"]

MOST_TRIES = 5  # times that another import of the same article may win the race
LONGEST_PLACE = 1000  # characters, the width of Article.source
_CONTENT = ("title", "summary", "html", "author", "tags", "language")


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """The article as it now stands; `created` tells a new one from a new revision; `dropped` is what the source had more."""

    article: Article
    created: bool
    dropped: tuple[Dropped, ...]
    audio_url: str = ""
    """What the front matter wants attached: measure it, then attach (both take the network, or the next step)."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """All that one import wants to write."""

    publication: Publication
    clean: CleanArticle
    place: str
    text: str
    now: datetime
    is_new: bool = False


def bring_in(
    source: Source, *, publication: Publication, options: Options, check: Callable[[CleanArticle], None], now: datetime
) -> BroughtIn:
    """Keep a source as an article of the publication, in one transaction; the same source again makes a new revision.

    The article is found by the id of its front matter, its given slug, its place (URL or path), or the slug of its title. Two files
    with one title are two articles, unless they hold the same text; what has no place (standard input) is known by its title.
    check  called with the clean article before anything is written; what it raises stops the import
    Raises BadSource when the source cannot be read, Refused when its id or slug belongs to something else.
    """
    text = decode(source.content, name=source.name, encoding=options.encoding or source.encoding)
    wishes = replace(options, kind=options.kind or source.kind)
    cleaned = clean(text, name=source.name, url=source.url, options=wishes, default_language=publication.language)
    check(cleaned)
    readable, _ = white_space.without_forbidden(white_space.normal_line_ends(text))
    arrival = _Arrival(publication, cleaned, _place(source), readable, now, options.is_new)
    for _ in range(MOST_TRIES):
        try:
            with transaction.atomic():
                return _kept(arrival)
        except IntegrityError:  # another import was first: look again, it is the same article now
            continue
    raise Refused(f"{source.name}: other imports of the same article kept getting in between. Nothing was written; try again.")


def _kept(arrival: _Arrival) -> BroughtIn:
    # one import at a time in a publication: what is looked for below must not come into being between two looks
    Publication.objects.select_for_update().get(pk=arrival.publication.pk)
    article = _found(arrival)
    created, before = article is None, feed_changes.NOWHERE
    if article is None:
        article = _new_article(arrival)
        changed = True
    else:
        before = feed_changes.shown(article)
        changed = _revise(article, arrival)
    article.revision += 1
    if changed:
        article.updated_at = arrival.now
    article.save()
    _keep_revision(article, arrival)
    topics.keep_in_step(article)
    index(article)
    if changed:
        feed_changes.note_article(article, before, now=arrival.now)
    return BroughtIn(article, created, arrival.clean.dropped, arrival.clean.audio_url)


def _found(arrival: _Arrival) -> Article | None:
    """The article that the source belongs to, locked; the surest sign counts first."""
    cleaned, articles = arrival.clean, arrival.publication.articles.select_for_update()
    if cleaned.uid:
        owner = Article.objects.select_for_update().filter(uid=cleaned.uid).first()
        if owner and owner.publication_id != arrival.publication.pk:
            raise Refused(
                f"The id {cleaned.uid} belongs to an article of another publication, {owner.publication.slug!r}. Leave the id out."
            )
        if owner:
            return owner
    if arrival.is_new:
        return None
    by_place = articles.filter(source=arrival.place).first() if arrival.place else None
    by_slug = _with_slug(arrival, articles)
    return by_slug or by_place if cleaned.slug_is_given else by_place or by_slug


def _with_slug(arrival: _Arrival, articles: QuerySet[Article]) -> Article | None:
    """The article of that slug; another file's article of the same title is not taken over, unless it holds the same text."""
    found = articles.filter(slug=arrival.clean.slug).first()
    if found is None or arrival.clean.slug_is_given:
        return found
    if found.source in {"", arrival.place} or not (arrival.place or arrival.clean.uid):
        return found
    is_same_text = not arrival.clean.uid and found.revisions.filter(number=found.revision, source_text=arrival.text).exists()
    return found if is_same_text else None


def _new_article(arrival: _Arrival) -> Article:
    cleaned = arrival.clean
    article = Article(publication=arrival.publication, slug=_free_slug(arrival), source=arrival.place, published_at=cleaned.published_at)
    if cleaned.uid:
        article.uid = cleaned.uid
    _write_content(article, cleaned)
    return article


def _revise(article: Article, arrival: _Arrival) -> bool:
    """Write the new content into the article; True when that changed anything a reader sees.

    Slug, id and date stay unless the source names them: links and feed readers know the article by them.
    """
    cleaned = arrival.clean
    before = _seen(article)
    _write_content(article, cleaned)
    article.source = arrival.place or article.source
    if cleaned.slug_is_given:
        _refuse_taken_slug(article, cleaned.slug)
        _take_slug(article, arrival)
    article.uid = cleaned.uid or article.uid
    article.published_at = cleaned.published_at or article.published_at
    return _seen(article) != before


def _take_slug(article: Article, arrival: _Arrival) -> None:
    """The slug that the source names; the address of before leads there."""
    old, article.slug = article.slug, arrival.clean.slug
    if old != article.slug:
        within = arrival.publication.slug
        old_addresses.forget(OldAddress.Kind.ARTICLE, within, article.slug)
        old_addresses.remember_article(article, within, old, now=arrival.now)


def _write_content(article: Article, cleaned: CleanArticle) -> None:
    for name in _CONTENT:
        setattr(article, name, getattr(cleaned, name))
    article.tags = list(cleaned.tags)
    article.visibility = cleaned.visibility or article.visibility
    if cleaned.image_url:  # a source that names none leaves the picture that staff chose
        article.image_url, article.image_alt = cleaned.image_url, cleaned.image_alt


def _seen(article: Article) -> list[object]:
    return [getattr(article, name) for name in (*_CONTENT, "slug", "uid", "published_at", "image_url", "image_alt", "visibility")]


def _refuse_taken_slug(article: Article, slug: str) -> None:
    if Article.objects.filter(publication=article.publication_id, slug=slug).exclude(pk=article.pk).exists():
        raise Refused(f"The slug {slug!r} belongs to another article of this publication. Give another one.")


def _free_slug(arrival: _Arrival) -> str:
    """The slug, or when another article has it: with the start of the id behind it, else with the next number."""
    slug, articles = arrival.clean.slug, arrival.publication.articles
    if not articles.filter(slug=slug).exists():
        return slug
    if arrival.clean.slug_is_given:
        raise Refused(f"The slug {slug!r} belongs to another article of this publication. Give another one.")
    if arrival.clean.uid:
        return f"{slug}-{arrival.clean.uid.hex[:8]}"
    taken = set(articles.filter(slug__startswith=f"{slug}-").values_list("slug", flat=True))
    return next(numbered for number in count(2) if (numbered := f"{slug}-{number}") not in taken)


def _keep_revision(article: Article, arrival: _Arrival) -> None:
    cleaned = arrival.clean
    Revision.objects.create(
        article=article,
        number=article.revision,
        title=cleaned.title,
        summary=cleaned.summary,
        html=cleaned.html,
        source_text=arrival.text,
        dropped=[asdict(one) for one in cleaned.dropped],
    )


def _place(source: Source) -> str:
    """Where the source lives, within the column; a longer one ends in its hash."""
    if len(source.place) <= LONGEST_PLACE:
        return source.place
    digest = blake2s(source.place.encode(), digest_size=16).hexdigest()
    return f"{source.place[: LONGEST_PLACE - len(digest) - 1]}#{digest}"
