"""The table of SMTP servers and their health."""

from django.db import models

from syndication.articles.models import Publication

LARGEST_WEIGHT = 1000
USUAL_CONNECTIONS = 10
MOST_CONNECTIONS = 1000


class SmtpServer(models.Model):
    """A server that takes mail. The row with an empty `url` stands for the server of SYNDICATION_SMTP_URL and keeps its health."""

    name = models.CharField(max_length=80, unique=True)
    url = models.CharField(max_length=500)
    """As SYNDICATION_SMTP_URL, without the password."""
    sealed_password = models.TextField(blank=True)
    """Encrypted with a key made from the secret key; see sealing.py. Never shown."""
    password_from = models.CharField(max_length=500, blank=True)
    """Where the password stands instead: "file:/run/secrets/smtp" or "env:SMTP_PASSWORD"."""
    weight = models.PositiveSmallIntegerField(default=1)
    """Its share of the work beside the others; 0: only while every other one is away."""
    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, null=True, related_name="smtp_servers")
    """Null: serves every publication that has no server of its own."""
    max_connections = models.PositiveSmallIntegerField(default=USUAL_CONNECTIONS)
    """Open connections at once, of all sender processes together."""
    is_active = models.BooleanField(default=True)
    """False: paused by a person."""
    away_until = models.DateTimeField(null=True)
    """While it lies in the future the server rests, by itself, and no campaign does."""
    away_because = models.CharField(max_length=300, blank=True)
    times_away = models.PositiveSmallIntegerField(default=0)
    """How often in a row it was away; the pause doubles with it."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["url"], condition=models.Q(url=""), name="one_server_of_the_environment")]

    def __str__(self) -> str:
        return self.name


class ServerLines(models.Model):
    """The connections to a server that one sender process may hold open."""

    server_id = models.BigIntegerField()
    """0: the server of SYNDICATION_SMTP_URL."""
    owner = models.CharField(max_length=80)
    wanted = models.PositiveSmallIntegerField()
    held = models.PositiveSmallIntegerField(default=0)
    until = models.DateTimeField()
    """A sender that does not renew it has died."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["server_id", "owner"], name="server_lines_once")]

    def __str__(self) -> str:
        return f"{self.owner}: {self.held} of server {self.server_id}"
