"""The tables of what we publish: publications, articles and their revisions."""

import uuid

from django.db import models


class Publication(models.Model):
    """A brand: who sends, from which domain, in which language and time zone."""

    slug = models.SlugField(max_length=80, unique=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    sender_name = models.CharField(max_length=200)
    sender_address = models.EmailField(max_length=254)
    reply_to = models.EmailField(max_length=254, blank=True)
    postal_address = models.TextField(blank=True)
    mail_domain = models.CharField(max_length=253)
    """The domain of Message-ID, List-Id and the envelope sender."""
    language = models.CharField(max_length=35, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=80, default="newsletter")
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    feeds_stale_since = models.DateTimeField(null=True)
    """Set in the same transaction as any change that feeds show; cleared by the publisher, so a lost task is found by the tick."""

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    """What a person wrote, as clean semantic HTML, with a permanent id."""

    class State(models.TextChoices):
        """A draft is seen by staff only; a published one is on the web and in the feeds."""

        DRAFT = "draft"
        PUBLISHED = "published"

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="articles")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=120)
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)
    html = models.TextField()
    author = models.CharField(max_length=200, blank=True)
    tags = models.JSONField(default=list)
    language = models.CharField(max_length=35)
    source = models.CharField(max_length=1000, blank=True)
    """Where it was brought in from (a URL or a path), to know the same source again."""
    revision = models.PositiveIntegerField(default=0)
    published_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publication", "slug"], name="article_slug_once_per_publication")]
        indexes = [models.Index(fields=["publication", "state", "-published_at"], name="article_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def permanent_id(self) -> str:
        """The id in every feed; free of domain and slug."""
        return f"urn:uuid:{self.uid}"


class Revision(models.Model):
    """One state of an article, kept with the source it came from and what was dropped."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)
    html = models.TextField()
    source_text = models.TextField(blank=True)
    dropped = models.JSONField(default=list)
    """[{"line": int, "text": str, "why": str}, …]"""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="revision_number_once_per_article")]

    def __str__(self) -> str:
        return f"{self.title} (revision {self.number})"
