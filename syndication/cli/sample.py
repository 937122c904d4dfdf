"""What a first start has to show: a sample publication with two articles, 200 readers, feeds, and a send due in a minute."""

from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

from django.conf import settings
from django.db import transaction

from syndication.articles.bring_in import Options, bring_in
from syndication.articles.models import Article, Publication
from syndication.articles.publish import publish as publish_article
from syndication.articles.read_source import Source
from syndication.audience.importing import Plan, import_rows
from syndication.audience.lists import create_list
from syndication.audience.table.rows import Row
from syndication.campaigns.create import Wish, create
from syndication.campaigns.models import Campaign, User
from syndication.feeds.publishing.publish import publish as publish_feeds
from syndication.rendering.adapt import field_check
from syndication.web.accounts import sign_in_link

SLUG, LIST = "the-weekly", "readers"
READERS = 200
START_SECONDS = 2.0
DUE_IN = timedelta(seconds=60)
OWNER = "owner@example.org"
_FIRST = (
    "Ada",
    "Bruno",
    "Chiara",
    "Dilan",
    "Edda",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kaja",
    "Lena",
    "Milo",
    "Nora",
    "Oskar",
    "Petra",
)
_LAST = ("Abel", "Brandt", "Costa", "Demir", "Ek", "Fontaine", "Gruber", "Horvat", "Ivanov", "Jansen", "Kowalski", "Larsen", "Moreau")
_ARTICLES = ("why-bread-needs-a-night.md", "a-walk-along-the-old-canal.md")


def prepare(*, with_sample: bool, now: datetime) -> list[str]:
    """Make sure of an owner and, when wanted, of the sample; the lines that tell a person where to go.

    A second start adds nothing.
    """
    owner = User.objects.filter(role=User.Role.OWNER, is_active=True).order_by("pk").first()
    owner = owner or User.objects.create_user(OWNER, role=User.Role.OWNER, name="Owner")
    if with_sample and not Publication.objects.exists():
        load_sample(now)
    for publication in Publication.objects.order_by("pk"):
        publish_feeds(publication.pk, now=now, run_seconds=START_SECONDS)  # the workers do the rest
    minutes = settings.PASSWORD_RESET_TIMEOUT // 60
    lines = [f"Open          {sign_in_link(owner)}   (one-time sign-in, {minutes} min)"]
    if settings.MAIL_CATCHER_ON:
        lines.append(f"Inbox         {settings.BASE_URL}/inbox/   every message this copy sends (Maildir: {settings.CAUGHT_MAIL})")
    return [*lines, *_about_publication(), *_about_campaign(now)]


def load_sample(now: datetime) -> None:
    """The sample, whole or not at all."""
    with transaction.atomic():
        publication = Publication.objects.create(
            slug=SLUG,
            name="The Weekly",
            description="A sample publication: two letters about small things, sent to readers who do not exist.",
            sender_name="The Weekly",
            sender_address="editor@weekly.example.org",
            mail_domain="weekly.example.org",
            postal_address="The Weekly, 12 Sample Street, 10115 Exampletown",
            is_sample=True,
        )
        readers = create_list(LIST, publication=publication, name="Readers of The Weekly")
        articles = [_bring_in(name, publication, now - age) for name, age in zip(_ARTICLES, (timedelta(days=7), timedelta(0)), strict=True)]
        import_rows(_readers(), Plan(to=readers, confirmed=True, dry_run=False, now=now))
        due = now + DUE_IN
        create(Wish(articles[-1], readers, at=due.strftime("%Y-%m-%dT%H:%M:%S"), zone="UTC"), now=now)


def _bring_in(name: str, publication: Publication, now: datetime) -> Article:
    path = settings.TEMPLATES_DIR / "sample" / name
    source = Source(name=name, content=Path(path).read_bytes(), url="")
    brought = bring_in(source, publication=publication, options=Options(), check=field_check(publication, settings.BASE_URL), now=now)
    publish_article(brought.article.pk, now=now)
    brought.article.refresh_from_db()
    return brought.article


def _readers() -> list[Row]:
    """Every tenth has no name, so that default() can be seen at work."""
    names = [f"{first} {last}" for last, first in product(_LAST, _FIRST)][:READERS]
    return [
        Row(line=number, address=f"{name.lower().replace(' ', '.')}@example.org", name="" if number % 10 == 0 else name)
        for number, name in enumerate(names, start=2)
    ]


def _about_publication() -> list[str]:
    found = Publication.objects.order_by("pk").first()
    if found is None:
        return ["Next          syndication publication create SLUG, or the studio: it begins with your first publication"]
    feeds = " ".join(f"{settings.BASE_URL}/feeds/{found.slug}/{name}" for name in ("rss.xml", "atom.xml", "feed.json"))
    return [f"Archive       {settings.BASE_URL}/a/{found.slug}/", f"Feeds         {feeds}"]


def _about_campaign(now: datetime) -> list[str]:
    coming = Campaign.objects.filter(state=Campaign.State.SCHEDULED, starts_at__gt=now, publication__is_sample=True).first()
    if coming is None or coming.starts_at is None:
        return []
    seconds = int((coming.starts_at - now).total_seconds())
    return [f"Try           watch “{coming.article.title}” go out to {READERS} sample readers in {seconds} s: {settings.BASE_URL}/studio/"]
