"""Says to search engines what a page is, as schema.org data in JSON-LD."""

import json

from django.conf import settings
from django.urls import reverse
from markupsafe import Markup

from syndication.articles.models import Article, Publication
from syndication.rendering.adapt import home_url
from syndication.web.archive.cards import Card
from syndication.web.archive.surroundings import absolute

SCHEMA = "https://schema.org"


def about_article(article: Article, card: Card) -> Markup:
    """An article: who wrote it, when, about what."""
    publication = article.publication
    return json_ld(
        {
            "@context": SCHEMA,
            "@type": "BlogPosting",
            "@id": article.permanent_id,
            "mainEntityOfPage": card.url,
            "url": card.url,
            "headline": card.title,
            "description": card.summary,
            "datePublished": card.published_at.isoformat(),
            "dateModified": max(article.updated_at, card.published_at).isoformat(),
            "inLanguage": card.language,
            "author": [{"@type": "Person", "name": one.name, **({"url": absolute(one.path)} if one.path else {})} for one in card.authors]
            or _publisher(publication),
            "publisher": _publisher(publication),
            "isPartOf": {"@type": "Blog", "@id": home_url(publication, settings.BASE_URL), "name": publication.name},
            "keywords": [one.name for one in card.tags],
            "image": article.image_url or publication.image_url,
        }
    )


def about_publication(publication: Publication) -> Markup:
    """A publication, and how to search it."""
    search = absolute(reverse("search", args=[publication.slug]))
    home = home_url(publication, settings.BASE_URL)
    return json_ld(
        {
            "@context": SCHEMA,
            "@type": "Blog",
            "@id": home,
            "url": home,
            "name": publication.name,
            "description": publication.description,
            "inLanguage": publication.language,
            "image": publication.image_url,
            "publisher": _publisher(publication),
            "potentialAction": {
                "@type": "SearchAction",
                "target": {"@type": "EntryPoint", "urlTemplate": f"{search}?q={{search_term_string}}"},
                "query-input": "required name=search_term_string",
            },
        }
    )


def json_ld(about: dict[str, object]) -> Markup:
    """The JSON for the inside of a script element, without what is empty: nothing in it can end the element or begin another."""
    text = json.dumps({name: value for name, value in about.items() if value}, ensure_ascii=True)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704  # ASCII without <, > and &


def _publisher(publication: Publication) -> dict[str, str]:
    logo = {"logo": publication.image_url} if publication.image_url else {}
    return {"@type": "Organization", "name": publication.name, "url": home_url(publication, settings.BASE_URL), **logo}
