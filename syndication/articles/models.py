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
    feed_entries = models.PositiveSmallIntegerField(default=20)
    """Articles in each feed document, 20 to 50; older ones stand in its archives."""
    image_url = models.CharField(max_length=1000, blank=True)
    """A square picture for feed readers, podcast programs and shared links."""
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    """What a person wrote, as clean semantic HTML, with a permanent id."""

    class State(models.TextChoices):
        """A draft is seen by staff only; a published one is on the web and in the feeds."""

        DRAFT = "draft"
        PUBLISHED = "published"

    class Visibility(models.TextChoices):
        """Who finds a published article: everybody; whoever has its address; nobody outside the mail."""

        PUBLIC = "public"
        UNLISTED = "unlisted"
        EMAIL = "email"

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="articles")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=120)
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    visibility = models.CharField(max_length=12, choices=Visibility, default=Visibility.PUBLIC)
    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)
    html = models.TextField()
    author = models.CharField(max_length=200, blank=True)
    tags = models.JSONField(default=list)
    """As written, in this order; `topics` has a row for each."""
    image_url = models.CharField(max_length=1000, blank=True)
    """The picture that stands for the article in feeds and shared links."""
    image_alt = models.CharField(max_length=500, blank=True)
    language = models.CharField(max_length=35)
    source = models.CharField(max_length=1000, blank=True)
    """Where it was brought in from (a URL or a path), to know the same source again."""
    revision = models.PositiveIntegerField(default=0)
    published_at = models.DateTimeField(null=True)
    unpublished_at = models.DateTimeField(null=True)
    """When it was taken off the web; null again once it is back. Its page answers 410 and feeds tell of it meanwhile."""
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


class Topic(models.Model):
    """A tag or an author of a publication, once; it has a page and feeds, whose addresses live for ever."""

    class Kind(models.TextChoices):
        """What sort of topic."""

        TAG = "tag"
        AUTHOR = "author"

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="topics")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """In the id of its feeds; free of name and slug."""
    kind = models.CharField(max_length=8, choices=Kind)
    slug = models.SlugField(max_length=120, allow_unicode=True)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["publication", "kind", "slug"], name="topic_slug_once"),
            models.UniqueConstraint(fields=["publication", "kind", "name"], name="topic_name_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class ArticleTopic(models.Model):
    """That an article has a topic."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="topics", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="articles", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "topic"], name="article_topic_once")]
        indexes = [models.Index(fields=["topic", "article"], name="article_topic_by_topic")]

    def __str__(self) -> str:
        return f"{self.article_id} in {self.topic_id}"


class Enclosure(models.Model):
    """A file that comes with an article: sound, mostly. Length and type are what its server said when it was attached."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="enclosures")
    url = models.CharField(max_length=1000)
    media_type = models.CharField(max_length=100)
    length_bytes = models.PositiveBigIntegerField()
    title = models.CharField(max_length=200, blank=True)
    duration_seconds = models.PositiveIntegerField(null=True)
    transcript_url = models.CharField(max_length=1000, blank=True)
    transcript_type = models.CharField(max_length=100, blank=True)
    chapters_url = models.CharField(max_length=1000, blank=True)
    """JSON chapters (Podcasting 2.0)."""
    people = models.JSONField(default=list)
    """[{"name": str, "role": str, "url": str}, …]"""
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "url"], name="enclosure_once")]

    def __str__(self) -> str:
        return self.url


class Podcast(models.Model):
    """What podcast programs ask of a publication with sound; made when the first sound is attached."""

    publication = models.OneToOneField(Publication, on_delete=models.CASCADE, related_name="podcast")
    guid = models.UUIDField()
    """Podcasting 2.0: never changes, whatever address the feed moves to."""
    is_locked = models.BooleanField(default=True)
    """Whether other hosts are asked not to take the feed over."""
    category = models.CharField(max_length=100, blank=True)
    is_explicit = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"podcast of {self.publication_id}"


class OldAddress(models.Model):
    """Where a publication, an article or a topic was once found: it leads to the new address for ever."""

    class Kind(models.TextChoices):
        """What lived there."""

        PUBLICATION = "publication"
        ARTICLE = "article"
        TAG = "tag"
        AUTHOR = "author"

    kind = models.CharField(max_length=12, choices=Kind)
    within = models.SlugField(max_length=80, blank=True)
    """The publication's slug of then; empty for a publication."""
    slug = models.SlugField(max_length=120, allow_unicode=True)
    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="old_addresses", null=True)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="old_addresses", null=True)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="old_addresses", null=True)
    """Exactly one of these three, by kind."""
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "within", "slug"], name="old_address_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.within}/{self.slug}"


class FeedChange(models.Model):
    """One change that feeds must show, written in its transaction; the publisher works it off. Without an article: the publication's own."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="feed_changes", db_index=False)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="feed_changes", null=True, db_index=False)
    topics = models.JSONField(default=list)
    """Ids of the topics that it had before or has now."""
    published_at = models.DateTimeField(null=True)
    """Its date before the change, when that was another one."""
    at = models.DateTimeField()
    """When it may be seen: the moment of the change, or the date of an article to come."""

    class Meta:
        indexes = [models.Index(fields=["at", "publication"], name="feed_change_due")]

    def __str__(self) -> str:
        return f"{self.publication_id}/{self.article_id} at {self.at}"


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
