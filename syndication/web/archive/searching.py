"""The search of a publication: what was typed, and the articles that answer it, with the words marked."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from syndication.articles.models import Article, Publication
from syndication.articles.search.excerpts import Piece, excerpt, marked
from syndication.articles.search.find import find
from syndication.articles.search.question import LONGEST_QUESTION, Question, read
from syndication.articles.visible import listed
from syndication.web.archive.cards import Card, cards, for_cards
from syndication.web.archive.doors import page_number, public_page, publication_at
from syndication.web.archive.surroundings import surroundings

PER_PAGE = 10
LAST_PAGE = 100
MOST_LANGUAGES = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """An article that answers, and the pieces of its title and text."""

    card: Card
    title: tuple[Piece, ...]
    text: tuple[Piece, ...]


@public_page
def search(request: HttpRequest, slug: str) -> HttpResponse:
    """The field, and what answers ?q=."""
    publication = publication_at(request, slug)
    typed = " ".join(request.GET.get("q", "").replace("\x00", " ").split())[:LONGEST_QUESTION]
    question = read(typed, _languages(publication)) if typed else Question(())
    number = min(page_number(request), LAST_PAGE)
    hits = find(publication, question, now=timezone.now(), first=(number - 1) * PER_PAGE, count=PER_PAGE)
    context = surroundings(publication) | {
        "typed": typed.encode("utf-8", "replace").decode(),
        "answers": _answers(publication, hits.ids, question),
        "total": hits.total,
        "number": number,
        "has_more": hits.total > number * PER_PAGE and number < LAST_PAGE,
    }
    return render(request, "public/search.html", context)


def _languages(publication: Publication) -> tuple[str, ...]:
    """The publication's own language first, then others that its articles are written in."""
    others = publication.articles.order_by().values_list("language", flat=True).distinct()[:MOST_LANGUAGES]
    return tuple(dict.fromkeys([publication.language, *sorted(others)]))


def _answers(publication: Publication, ids: tuple[int, ...], question: Question) -> list[Answer]:
    rows = for_cards(listed(publication, timezone.now()).filter(pk__in=ids)).select_related("search_text", "publication")
    by_id: dict[int, Article] = {one.pk: one for one in rows}
    found = [by_id[one] for one in ids if one in by_id]
    return [
        Answer(shown, marked(shown.title, question, shown.language), excerpt(article.search_text.text, question, shown.language))
        for article, shown in zip(found, cards(publication, found), strict=True)
    ]
