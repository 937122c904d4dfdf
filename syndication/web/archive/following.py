"""The page for people about feeds: what they are, how to add one, every address in a field to copy from."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from syndication.articles.models import Topic
from syndication.web.archive.doors import public_page, publication_at
from syndication.web.archive.surroundings import absolute, feed_links, surroundings, topic_path
from syndication.web.archive.topics import subjects

MOST_SHOWN = 100  # topics; the rest stand in the index and the OPML file


@public_page
def follow(request: HttpRequest, slug: str) -> HttpResponse:
    """Readable without a script; nothing on it needs one."""
    publication = publication_at(request, slug)
    topics = [one.topic for one in subjects(publication, largest_first=True, most=MOST_SHOWN)]
    by_kind = {
        heading: [(one.name, topic_path(publication, one), feed_links(publication, one)[0].url) for one in topics if one.kind == kind]
        for kind, heading in ((Topic.Kind.TAG, "One tag only"), (Topic.Kind.AUTHOR, "One author only"))
    }
    context = surroundings(publication) | {
        "topics": {heading: found for heading, found in by_kind.items() if found},
        "lists": list(publication.lists.filter(is_public=True).order_by("pk")),
        "canonical": absolute(reverse("follow", args=[publication.slug])),
    }
    return render(request, "public/follow.html", context)
