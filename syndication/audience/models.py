"""The tables of who reads: subscribers, lists, subscriptions, consent and suppression."""

import uuid

from django.db import models

from syndication.articles.models import Publication


class Subscriber(models.Model):
    """A person who reads. An erased one keeps its row and loses everything that names the person."""

    class State(models.TextChoices):
        """Only an active subscriber is mailed."""

        ACTIVE = "active"
        ERASED = "erased"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.CharField(max_length=320, unique=True)
    """In one spelling: lower case, IDN as Unicode (see addresses.py)."""
    address_hash = models.CharField(max_length=64, unique=True)
    """Keyed hash of the address, to meet suppressions in SQL."""
    name = models.CharField(max_length=200, blank=True)
    attributes = models.JSONField(default=dict)
    locale = models.CharField(max_length=35, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    tracking_consent = models.BooleanField(null=True)
    """Whether opens and clicks may be noted for this person; null: never asked, which counts as no."""
    links_revoked_at = models.DateTimeField(null=True)
    """Preference links made before this moment open nothing any more."""
    bounce_score = models.FloatField(default=0)
    """What bounces add up to at `bounced_at`; it decays, see the delivery room's bounces."""
    bounced_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="subscriber_by_time"),
            models.Index(fields=["id"], condition=~models.Q(bounced_at=None), name="subscriber_bounced"),
        ]

    def __str__(self) -> str:
        return self.address


class SubscriberList(models.Model):
    """What one subscribes to inside a publication ("list" on screen)."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="lists")
    slug = models.SlugField(max_length=80)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    is_public = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publication", "slug"], name="list_slug_once_per_publication")]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """One subscriber on one list, in one state."""

    class State(models.TextChoices):
        """Only confirmed ones are mailed; only the reader leads back from unsubscribed."""

        PENDING = "pending"
        CONFIRMED = "confirmed"
        UNSUBSCRIBED = "unsubscribed"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="subscriptions")
    list = models.ForeignKey(SubscriberList, on_delete=models.CASCADE, related_name="subscriptions")

    class Frequency(models.TextChoices):
        """How the reader wants the list's issues. Digests are for a later issue and are not offered yet."""

        EACH = "each"
        DAILY = "daily"
        WEEKLY = "weekly"
        FEED = "feed"

    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    frequency = models.CharField(max_length=8, choices=Frequency, default=Frequency.EACH)
    paused_until = models.DateField(null=True)
    """No mail before this day (UTC); confirmed all the same."""
    changed_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscriber", "list"], name="subscription_once")]
        indexes = [
            models.Index(fields=["list", "state", "subscriber"], name="subscription_by_list"),
            models.Index(fields=["subscriber"], condition=~models.Q(paused_until=None), name="subscription_paused"),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} on {self.list_id}: {self.state}"


class ConsentRecord(models.Model):
    """One event of a subscription's consent; rows are only ever added."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="consent")
    state = models.CharField(max_length=12, choices=Subscription.State)
    how = models.CharField(max_length=40)
    """form, api, link, one-click, mailto, preferences, import, staff, command line, erased, undo."""
    detail = models.CharField(max_length=300, blank=True)
    wording = models.ForeignKey("ConsentWording", on_delete=models.RESTRICT, null=True, related_name="records", db_index=False)
    """What the person read when saying yes."""
    network = models.CharField(max_length=4, blank=True)
    """"ipv4" or "ipv6": the family of the address that it came from, never the address; empty by setting."""
    import_job = models.ForeignKey("ImportJob", on_delete=models.PROTECT, null=True, related_name="consent", db_index=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="consent_by_time")]

    def __str__(self) -> str:
        return f"{self.state} by {self.how} at {self.at:%Y-%m-%d %H:%M}"


class ConsentWording(models.Model):
    """One version of the words beside a sign-up form; never changed, a new text is a new version."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="consent_wordings")
    digest = models.CharField(max_length=64)
    """SHA-256 of the text, hexadecimal."""
    text = models.TextField()
    first_shown_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publication", "digest"], name="wording_once_per_publication")]

    def __str__(self) -> str:
        return f"{self.digest[:8]}: {self.text[:40]}"


class SignUp(models.Model):
    """A wish to subscribe that was answered and is not yet acted on; the row goes once the `mail` queue has taken it.

    The web writes one for every wish, whoever asks, so that no answer tells what is known of an address (docs/decisions/0009).
    """

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="sign_ups", db_index=False)
    address = models.CharField(max_length=320)
    lists = models.JSONField(default=list)
    """The ids of the chosen lists."""
    how = models.CharField(max_length=40)
    """form or api."""
    wording = models.ForeignKey(ConsentWording, on_delete=models.RESTRICT, null=True, related_name="sign_ups", db_index=False)
    network = models.CharField(max_length=4, blank=True)
    asked_at = models.DateTimeField()
    failures = models.SmallIntegerField(default=0)
    """How often taking it went wrong; after a few times it waits for a person."""

    def __str__(self) -> str:
        return f"sign-up {self.pk} of {self.asked_at:%Y-%m-%d %H:%M}"


class ImportJob(models.Model):
    """One file of readers on its way into a list: looked at, tried out, brought in, and taken back if that is wished."""

    class State(models.TextChoices):
        """A job runs in the background from `checking` on; `ready` waits for a person's yes after the dry run."""

        UPLOADED = "uploaded"
        CHECKING = "checking"
        READY = "ready"
        RUNNING = "running"
        STOPPING = "stopping"
        STOPPED = "stopped"
        DONE = "done"
        FAILED = "failed"
        UNDOING = "undoing"
        UNDONE = "undone"

    list = models.ForeignKey(SubscriberList, on_delete=models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=200, blank=True)
    """As the person's machine called it; shown, never opened."""
    path = models.CharField(max_length=200, blank=True)
    """In SYNDICATION_HOME; empty once the file is gone."""
    size_bytes = models.BigIntegerField(default=0)
    form = models.JSONField(default=dict)
    """Encoding, delimiter, whether there is a header, preset."""
    mapping = models.JSONField(default=dict)
    """Which column becomes which field."""
    confirmed = models.BooleanField(default=False)
    consent_source = models.CharField(max_length=300, blank=True)
    """Where the readers said yes, in a person's words; kept in each consent record."""
    state = models.CharField(max_length=12, choices=State, default=State.UPLOADED)
    suppresses_left = models.BooleanField(default=False)
    """Whether readers who left, bounced or complained elsewhere are suppressed here."""
    position = models.BigIntegerField(default=0)
    """Rows done, so that a worker that died is followed by one that goes on."""
    place = models.JSONField(default=dict)
    """Where the next row begins: byte and line of the file; when taking back, the last consent record looked at."""
    counts = models.JSONField(default=dict)
    expected = models.JSONField(default=dict)
    """The counts of the dry run."""
    problem = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=254, blank=True)
    """Who asked for it: an address of staff, or "command line"."""
    owner = models.CharField(max_length=64, blank=True)
    """The running step that works on it, so that a doubled task does nothing."""
    beat_at = models.DateTimeField(null=True)
    """When that step last said that it lives."""
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.file_name or self.pk}: {self.state}"


class ImportChange(models.Model):
    """What an import wrote over in a subscriber that was there before, so that it can be put back.

    New subscribers and subscriptions need no row: their consent record names the import, and is as old as they are.
    """

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="changes", db_index=False)
    subscriber_id = models.BigIntegerField()
    before = models.JSONField()
    """Name, locale, time_zone and attributes as they were."""
    at = models.DateTimeField()
    """The subscriber's `updated_at` by this import: while it stands, nobody has changed the reader since."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "subscriber_id"], name="import_change_once")]


class ImportRefusal(models.Model):
    """A row that an import did not take."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="refusals")
    line = models.BigIntegerField()
    address = models.CharField(max_length=80, blank=True)
    """As the file says it."""
    why = models.CharField(max_length=300)


class Suppression(models.Model):
    """An address, as a keyed hash, that must not be mailed: by one publication, or by none at all."""

    class Reason(models.TextChoices):
        """Why; kept apart so that reports and reversals are honest."""

        UNSUBSCRIBED = "unsubscribed"
        BOUNCED = "bounced"
        COMPLAINED = "complained"
        ERASED = "erased"
        STAFF = "staff"

    address_hash = models.CharField(max_length=64)
    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, null=True, related_name="suppressions")
    """Null: every publication."""
    reason = models.CharField(max_length=16, choices=Reason)
    detail = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["address_hash", "publication"], name="suppression_once_per_publication"),
            models.UniqueConstraint(fields=["address_hash"], condition=models.Q(publication=None), name="suppression_once_everywhere"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} ({self.address_hash[:8]}…)"


class SuppressionRecord(models.Model):
    """One event in the history of a suppression; rows are only ever added, so that no reason hides another."""

    address_hash = models.CharField(max_length=64)
    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, null=True, related_name="suppression_records", db_index=False)
    reason = models.CharField(max_length=16, choices=Suppression.Reason)
    is_lifted = models.BooleanField(default=False)
    """Whether this takes the reason back, or gives it."""
    detail = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=254, blank=True)
    """Who: an address of staff, "command line", "reader", or the source of a bounce or complaint."""
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["address_hash"], name="suppression_history")]

    def __str__(self) -> str:
        return f"{self.reason}{' lifted' if self.is_lifted else ''} at {self.at:%Y-%m-%d %H:%M}"


class DomainRule(models.Model):
    """A domain whose addresses may not subscribe, or, where a publication has rules of `allow`, the only ones that may."""

    class Kind(models.TextChoices):
        """Block wins over allow."""

        BLOCK = "block"
        ALLOW = "allow"

    domain = models.CharField(max_length=253)
    """Lower case, IDN as Unicode; its subdomains are meant too."""
    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, null=True, related_name="domain_rules")
    """Null: every publication."""
    kind = models.CharField(max_length=8, choices=Kind)
    detail = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "publication"], name="domain_rule_once_per_publication"),
            models.UniqueConstraint(fields=["domain"], condition=models.Q(publication=None), name="domain_rule_once_everywhere"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.domain}"


class BulkJob(models.Model):
    """One act on many subscribers at once, asked for by staff and done in groups."""

    class Act(models.TextChoices):
        """What is done to each."""

        ADD = "add"
        LEAVE = "leave"
        SUPPRESS = "suppress"
        ERASE = "erase"

    class State(models.TextChoices):
        """A job runs until its last subscriber, or until a person stops it between two groups."""

        RUNNING = "running"
        STOPPED = "stopped"
        DONE = "done"

    act = models.CharField(max_length=12, choices=Act)
    whom = models.JSONField(default=dict)
    """The search, as its page's address says it, or {"ids": [...]}."""
    upto = models.BigIntegerField()
    """The last subscriber id that it may reach: who comes later was not meant."""
    list = models.ForeignKey(SubscriberList, on_delete=models.CASCADE, null=True, related_name="bulk_jobs")
    detail = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.RUNNING)
    position = models.BigIntegerField(default=0)
    """The last subscriber id that is done, so that a worker that died is followed by one that goes on."""
    expected = models.BigIntegerField()
    """How many there were when a person said yes."""
    seen = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)
    by = models.CharField(max_length=254)
    beat_at = models.DateTimeField(null=True)
    """When a worker last said that it works on it, or was rung for."""
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=models.Q(state="running"), name="bulk_job_running")]

    def __str__(self) -> str:
        return f"{self.act} {self.expected}: {self.state}"


class ReaderEvent(models.Model):
    """Something that happened to a subscriber besides consent and deliveries, for the timeline; rows are only ever added."""

    class Kind(models.TextChoices):
        """What happened."""

        HARD_BOUNCE = "hard bounce"
        SOFT_BOUNCE = "soft bounce"
        SENDERS_FAULT = "sender's fault"
        COMPLAINT = "complaint"
        SUPPRESSED = "suppressed"
        RELEASED = "released"
        SCORE_CLEARED = "score cleared"
        PREFERENCES = "preferences"
        LEFT_ALL = "left all lists"
        """The word counts for lists of the publication that are made later, too (lists.py)."""
        LINKS_REVOKED = "links revoked"
        EXPORTED = "exported"
        EDITED = "edited"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    source = models.CharField(max_length=80, blank=True)
    """Where it came from: "smtp", "bounce mail", "complaint mail", "webhook postmark", "staff ines@example.org", "reader"."""
    detail = models.CharField(max_length=300, blank=True)
    mailing_id = models.BigIntegerField(null=True)
    """The mailing that it is about (a plain number: the audience knows no mailings)."""
    publication = models.ForeignKey(Publication, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    """Whose mail it is about."""
    reverses = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="reversed_by")
    """The event that this one takes back."""
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["subscriber", "at"], name="reader_event_by_time")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"
