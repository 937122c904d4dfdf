"""What one new article costs the feeds: CPU seconds of publishing it, against writing everything anew.

    .venv/bin/python benchmarks/feed_publishing.py [--articles 1000 10000] [--profile]

For each size: a publication of so many articles (5 KB of text each, 3 of 50 tags, 1 of 10 authors) on SQLite in a folder of its own; first all
feeds and archives are published, in runs as the workers do it; then a new article with three tags comes, again and again, and the
publisher's work from the note of the change to the last moved link is measured. A fresh process has nothing in memory: the first is told apart.
"""

import argparse
import cProfile
import os
import pstats
import random
import re
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
TAGS, AUTHORS, TAGS_EACH, ROUNDS = 50, 10, 3, 7
ENOUGH_SECONDS = 15
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = " ".join(path.read_text() for path in sorted((Path(__file__).resolve().parents[1] / "docs").rglob("*.md")))
WORDS = re.sub(r"[^\w.,:;'-]+", " ", TEXT).split()  # real sentences: words drawn by lot keep compressors busy for nothing


def main() -> None:
    """Measure each size in a home of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if len(options.articles) > 1:
        for size in options.articles:
            os.spawnv(os.P_WAIT, sys.executable, [sys.executable, __file__, "--articles", str(size)])
        return
    with tempfile.TemporaryDirectory(prefix="feed-publishing-") as folder:
        set_up(Path(folder))
        measure(options.articles[0], profiled=options.profile)


def set_up(folder: Path) -> None:
    """Django on an empty database."""
    os.environ |= {
        "SYNDICATION_HOME": str(folder / "home"),
        "SYNDICATION_FEEDS": str(folder / "feeds"),
        "SYNDICATION_BASE_URL": "https://news.example.org",
        "DJANGO_SETTINGS_MODULE": "syndication.settings",
        "DATABASE_URL": "",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


def measure(size: int, *, profiled: bool) -> None:
    """Print one size's figures."""
    from syndication.articles.publish import publish as publish_article
    from syndication.feeds.publishing import entries
    from syndication.feeds.publishing.publish import publish

    chance = random.Random(5)
    publication = fill(size, chance)
    everything = publish_everything(publication.pk, size)
    spent = []
    profile = cProfile.Profile()
    for number in range(ROUNDS + 1):
        if number == 0:
            entries._remembered.clear()  # noqa: SLF001  # as in a worker that has just started
        now = NOON + timedelta(minutes=number + 1)
        article = make_articles(publication, [f"new-{number}"], chance, state="draft")[0]
        publish_article(article.pk, now=now)
        cpu = time.process_time()
        if profiled and number:
            profile.enable()
        done = publish(publication.pk, now=now)
        profile.disable()
        spent.append(time.process_time() - cpu)
        assert not done.refused
    first, later = spent[0], median(spent[1:])
    print(
        f"{size} articles, one new: {later:.3f} s of CPU ({first:.3f} s in a fresh process), {done.written} documents; 1/{everything / later:.0f} of everything"
    )
    if profiled:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


def publish_everything(publication_id: int, size: int) -> float:
    """CPU seconds for all feeds and archives; when they take long, what the rest would have taken is reckoned from the first."""
    from syndication.feeds.models import Feed, FeedArchive
    from syndication.feeds.publishing.publish import publish

    started, cpu = time.monotonic(), time.process_time()
    runs, longest, written, has_more = 0, 0.0, 0, True
    while has_more and (time.monotonic() - started < ENOUGH_SECONDS or Feed.objects.filter(stale_since__lte=NOON).exists()):
        begun = time.monotonic()
        done = publish(publication_id, now=NOON, run_seconds=5)
        runs, longest, written, has_more = runs + 1, max(longest, time.monotonic() - begun), written + done.written, done.has_more
    left = FeedArchive.objects.filter(stale_since__lte=NOON)
    left_count = left.update(stale_since=None, digest="0" * 64, changed_at=NOON)
    spent = time.process_time() - cpu
    everything = spent * (written + left_count) / written
    told = f"reckoned from {written}" if left_count else "all of them"
    print(
        f"{size} articles, everything: {everything:.1f} s of CPU for {written + left_count} documents ({told}); {runs} runs, the longest {longest:.1f} s"
    )
    return everything


def fill(size: int, chance: random.Random) -> object:
    """A publication with articles, one an hour."""
    from syndication.articles.models import Publication

    publication = Publication.objects.create(
        slug="field-notes", name="Field Notes", sender_name="Desk", sender_address="d@example.org", mail_domain="example.org"
    )
    make_articles(publication, [f"walk-{number}" for number in range(size)], chance, state="published")
    return publication


def make_articles(publication: object, slugs: list[str], chance: random.Random, *, state: str) -> list:
    """Articles with their topics."""
    from django.db import transaction

    from syndication.articles.models import Article, ArticleTopic, Topic
    from syndication.articles.topics import keep_in_step

    rows = []
    for number, slug in enumerate(slugs):
        moment = NOON - timedelta(hours=len(slugs) - number)
        starts = [chance.randrange(len(WORDS) - 80) for _ in range(13)]
        parts = (f'<p>{" ".join(WORDS[start : start + 60])} <a href="/a/x/">{WORDS[start + 70]}</a>.</p>' for start in starts)
        rows.append(
            Article(
                publication=publication,
                slug=slug,
                title=f"About {' '.join(chance.choices(WORDS, k=4))}",
                summary=" ".join(chance.choices(WORDS, k=20)),
                html="".join(parts),
                author=f"Author {chance.randrange(AUTHORS)}",
                tags=[f"Tag {one}" for one in chance.sample(range(TAGS), TAGS_EACH)],
                language="en",
                state=state,
                published_at=moment if state == "published" else None,
                updated_at=moment,
            )
        )
    with transaction.atomic():
        Article.objects.bulk_create(rows, batch_size=500)
        for row in rows[:1000]:
            keep_in_step(row)
        known = {(kind, name): pk for kind, name, pk in Topic.objects.values_list("kind", "name", "pk")}
        links = [(row, known["tag", tag]) for row in rows[1000:] for tag in row.tags]
        links += [(row, known["author", row.author]) for row in rows[1000:]]
        ArticleTopic.objects.bulk_create([ArticleTopic(article=row, topic_id=topic) for row, topic in links], batch_size=500)
    return rows


if __name__ == "__main__":
    main()
