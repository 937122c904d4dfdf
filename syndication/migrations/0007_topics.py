"""Gives the articles of before their topics, notes those that are still to come, and frees the names of the pages around articles."""

from itertools import count

from django.db import migrations
from django.utils import timezone

from syndication.articles.topic_names import free_topic_slug, topic_key, topic_names
from syndication.articles.wording import RESERVED_SLUGS

PAGE = 500  # articles


def give_topics(apps, schema_editor):
    """One row for each tag and author of a publication, and one for each that an article has."""
    model = {name: apps.get_model("syndication", name) for name in ("Article", "Topic", "ArticleTopic", "FeedChange", "Publication")}
    for publication_id in model["Publication"].objects.order_by("pk").values_list("pk", flat=True):
        known = {"tag": {}, "author": {}}
        slugs = {"tag": set(), "author": set()}
        articles = model["Article"].objects.filter(publication=publication_id).order_by("pk").only("pk", "tags", "author")
        for article in articles.iterator(chunk_size=PAGE):
            rows = []
            for kind, texts in (("tag", article.tags), ("author", [article.author])):
                for name in topic_names(texts):
                    key = topic_key(name)
                    if key not in known[kind]:
                        slug = free_topic_slug(name, slugs[kind])
                        slugs[kind].add(slug)
                        made = model["Topic"].objects.create(publication_id=publication_id, kind=kind, slug=slug, name=name)
                        known[kind][key] = made.pk
                    rows.append(model["ArticleTopic"](article_id=article.pk, topic_id=known[kind][key]))
            model["ArticleTopic"].objects.bulk_create(rows)
        coming = model["Article"].objects.filter(publication=publication_id, state="published", published_at__gt=timezone.now())
        for article in coming:
            topics = sorted(model["ArticleTopic"].objects.filter(article=article).values_list("topic", flat=True))
            model["FeedChange"].objects.create(publication_id=publication_id, article=article, topics=topics, at=article.published_at)


def free_reserved_names(apps, schema_editor):
    """An article called like a page of the site could not be opened any more."""
    articles = apps.get_model("syndication", "Article").objects
    for article in articles.filter(slug__in=RESERVED_SLUGS).only("pk", "slug", "publication_id"):
        taken = set(articles.filter(publication=article.publication_id, slug__startswith=article.slug).values_list("slug", flat=True))
        article.slug = next(slug for number in count(2) if (slug := f"{article.slug}-{number}") not in taken)
        article.save(update_fields=["slug"])


def take_topics_back(apps, schema_editor):
    """The way back: tags and authors still stand in the articles."""
    apps.get_model("syndication", "Topic").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("syndication", "0006_feeds")]
    operations = [
        migrations.RunPython(give_topics, take_topics_back),
        migrations.RunPython(free_reserved_names, migrations.RunPython.noop),
    ]
