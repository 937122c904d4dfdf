"""The tables of speed: limits that people set, throttles that providers asked for, and the warm-up of sender domains."""

from django.db import models

LONGEST_DOMAIN = 253  # RFC 1035 2.3.4, without the root's dot
ANY = "*"


class SendingLimit(models.Model):
    """At most `rate` messages in `per_seconds`, for a sender domain and a target."""

    sender_domain = models.CharField(max_length=LONGEST_DOMAIN, default=ANY)
    """"*": all sender domains together share one budget."""
    target = models.CharField(max_length=LONGEST_DOMAIN)
    """A provider ("gmail"), a recipient domain, "*" (all mail together) or "each" (every provider or domain for itself)."""
    rate = models.PositiveIntegerField()
    """Messages."""
    per_seconds = models.PositiveIntegerField()
    """1, 60, 3600 or 86400."""
    burst = models.PositiveIntegerField(null=True)
    """Messages that may go at once after a silence; null: what buckets.usual_burst says."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender_domain", "target"], name="limit_once")]

    def __str__(self) -> str:
        return f"{self.sender_domain} to {self.target}: {self.rate} per {self.per_seconds} s"


class Throttle(models.Model):
    """A pace that a provider's refusals asked for. It rises again by itself and goes when it is needed no more."""

    sender_domain = models.CharField(max_length=LONGEST_DOMAIN)
    provider = models.CharField(max_length=LONGEST_DOMAIN)
    """A provider's name, or the recipient domain itself."""
    per_minute = models.FloatField()
    """Messages a minute that may go now."""
    complained_per_minute = models.FloatField()
    """The pace that was refused: the throttle goes when it has risen well above it."""
    because = models.CharField(max_length=300, blank=True)
    """What the provider said last."""
    began_at = models.DateTimeField()
    slowed_at = models.DateTimeField()
    refused_at = models.DateTimeField()
    raised_at = models.DateTimeField()
    """When it last rose; with slowed_at the guard that several processes change it once."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender_domain", "provider"], name="throttle_once")]

    def __str__(self) -> str:
        return f"{self.sender_domain} to {self.provider}: {self.per_minute:g} a minute"


class ProviderDomain(models.Model):
    """A recipient domain that a provider serves, beside those that providers.py knows."""

    domain = models.CharField(max_length=LONGEST_DOMAIN, unique=True)
    provider = models.CharField(max_length=80)

    def __str__(self) -> str:
        return f"{self.domain}: {self.provider}"


class Bucket(models.Model):
    """A token bucket while Redis is away; see sql_buckets.py."""

    key = models.CharField(max_length=600, unique=True)
    level = models.FloatField()
    """Messages that may go at `at`; below 0 is owed."""
    at = models.FloatField()
    """Seconds since 1970, of the database's clock."""

    def __str__(self) -> str:
        return f"{self.key}: {self.level:g}"


class BucketPlace(models.Model):
    """One row: where the buckets are. Redis, unless a process said in the last seconds that it cannot reach it."""

    generation = models.PositiveIntegerField(default=0)
    """Grows whenever the buckets move into SQL; old buckets in Redis are then forgotten."""
    in_sql_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"generation {self.generation}"


class WarmUp(models.Model):
    """The plan by which a new sender domain earns its name: a little more each day."""

    sender_domain = models.CharField(max_length=LONGEST_DOMAIN, unique=True)
    started_on = models.DateField()
    """A day in UTC."""
    first_day = models.PositiveIntegerField()
    """Messages of the first day."""
    growth = models.FloatField()
    """Each day that was used allows so many times the one before."""
    ceiling = models.PositiveIntegerField()
    """Messages a day at which the domain is warm and the plan is done."""
    stops_at = models.FloatField()
    """Complaints per message sent that stop it, of the last seven days: 0.003 is 0.3 %."""
    stopped_because = models.CharField(max_length=300, blank=True)
    """Why nothing is sent from this domain until a person resumes it; empty while it goes."""
    stopped_at = models.DateTimeField(null=True)
    resumed_on = models.DateField(null=True)
    """Complaints of before do not stop it again."""

    def __str__(self) -> str:
        return self.sender_domain


class SendingDay(models.Model):
    """What one sender domain did on one day in UTC."""

    sender_domain = models.CharField(max_length=LONGEST_DOMAIN)
    day = models.DateField()
    granted = models.PositiveIntegerField(default=0)
    """Taken from the warm-up's allowance, sent or not yet."""
    first_at = models.DateTimeField(null=True)
    """When the day's allowance was first asked for: it is released from here on."""
    sent = models.PositiveIntegerField(default=0)
    complaints = models.PositiveIntegerField(default=0)
    bounces = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender_domain", "day"], name="sending_day_once")]

    def __str__(self) -> str:
        return f"{self.sender_domain} on {self.day}"
